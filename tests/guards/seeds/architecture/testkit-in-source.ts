// as: packages/queue/src/seed.ts
// declares: @flotilla/testkit
// expect: packages/queue must not depend on @flotilla/testkit
import { waitFor } from "@flotilla/testkit";

export const seed = waitFor;
