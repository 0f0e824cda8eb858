// expect: lint/correctness/noUndeclaredDependencies
import { Redis } from "ioredis";

export const client = Redis;
