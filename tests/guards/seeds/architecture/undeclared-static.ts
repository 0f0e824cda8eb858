// as: packages/domain/src/seed.ts
// expect: imports @flotilla/queue, which packages/domain does not declare
import { connect } from "@flotilla/queue";

export const seed = connect;
