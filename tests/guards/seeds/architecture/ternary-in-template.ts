// as: packages/queue/src/seed.ts
// expect: seed.ts:3 has a ternary inside a ternary
export const text = (n: number): string => (n > 0 ? `${n} row${n === 1 ? "" : "s"}` : "none");
