// expect: TS2307
export { sleep } from "@flotilla/kernel/src/sleep.ts";
