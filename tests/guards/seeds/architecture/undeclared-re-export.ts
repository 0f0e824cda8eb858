// as: packages/domain/src/seed.ts
// expect: imports ioredis, which packages/domain does not declare
export { Redis } from "ioredis";
