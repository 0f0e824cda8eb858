// as: packages/domain/src/seed.ts
// expect: imports ioredis, which packages/domain does not declare
export const seed = await import("ioredis");
