// as: packages/relay/src/seed.ts
// declares: @flotilla/queue
// expect: packages/relay must not depend on @flotilla/queue
import { connect } from "@flotilla/queue";

export const seed = connect;
