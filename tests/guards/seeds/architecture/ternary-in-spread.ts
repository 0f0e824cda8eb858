// as: packages/queue/src/seed.ts
// expect: seed.ts:4 has a ternary inside a ternary
export const row = (a: string, b: boolean): object =>
  a === "" ? {} : { a, ...(b ? { b } : {}) };
