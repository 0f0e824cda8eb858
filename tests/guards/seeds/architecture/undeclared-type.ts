// as: packages/domain/src/seed.ts
// expect: imports ioredis, which packages/domain does not declare
import type { Redis } from "ioredis";

export type Seed = Redis;
