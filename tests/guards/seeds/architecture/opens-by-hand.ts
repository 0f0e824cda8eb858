// as: apps/worker/src/seed.ts
// expect: opens files by hand, near session files
import { readFileSync } from "node:fs";

export const seen = readFileSync("/dev/null");
