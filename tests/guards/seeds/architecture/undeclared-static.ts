// as: packages/relay/src/seed.ts
// expect: imports @flotilla/queue, which packages/relay does not declare
import { connect } from "@flotilla/queue";

export const seed = connect;
