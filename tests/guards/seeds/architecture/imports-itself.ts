// as: packages/kernel/src/seed.ts
// expect: which is itself
import { sleep } from "@flotilla/kernel";

export const seed = sleep;
