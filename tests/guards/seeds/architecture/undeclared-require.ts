// as: packages/domain/src/seed.ts
// expect: imports ioredis, which packages/domain does not declare
import { createRequire } from "node:module";

const load = createRequire(import.meta.url);
export const seed = load("ioredis");
