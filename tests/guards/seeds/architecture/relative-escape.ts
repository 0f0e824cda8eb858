// as: packages/queue/src/seed.ts
// expect: reaches into packages/kernel/src/sleep.ts
export { sleep } from "../../kernel/src/sleep.ts";
