// as: packages/queue/test/seed.test.ts
// expect: seed.test.ts:3 has a ternary inside a ternary
export const words = (n: number): string => (n > 0 ? "some" : `no${n < 0 ? "t" : ""}`);
