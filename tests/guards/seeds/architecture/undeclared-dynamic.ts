// as: packages/relay/src/seed.ts
// expect: imports ioredis, which packages/relay does not declare
export const seed = await import("ioredis");
