// as: packages/domain/src/seed.ts
// declares: @flotilla/queue
// expect: packages/domain must not depend on @flotilla/queue
import { connect } from "@flotilla/queue";

export const seed = connect;
