// as: packages/relay/src/seed.ts
// expect: imports ioredis, which packages/relay does not declare
export type Seed = import("ioredis").Redis;
