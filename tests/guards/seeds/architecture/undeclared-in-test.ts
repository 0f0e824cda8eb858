// as: packages/queue/test/seed.test.ts
// expect: imports left-pad, which no package.json declares
import pad from "left-pad";

export const seed = pad;
