// as: packages/relay/src/seed.ts
// expect: imports ioredis, which packages/relay does not declare
import { createRequire } from "node:module";

const load = createRequire(import.meta.url);
export const seed = load("ioredis");
