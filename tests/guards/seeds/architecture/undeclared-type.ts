// as: packages/relay/src/seed.ts
// expect: imports ioredis, which packages/relay does not declare
import type { Redis } from "ioredis";

export type Seed = Redis;
