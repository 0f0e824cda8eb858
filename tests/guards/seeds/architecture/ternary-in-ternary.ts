// as: packages/queue/src/seed.ts
// expect: seed.ts:3 has a ternary inside a ternary
export const sign = (n: number): number => (n > 0 ? 1 : n < 0 ? -1 : 0);
