// as: packages/queue/src/seed.ts
// expect: reads Date.now
export const old = (at: number): boolean => Date.now() - at > 1000;
