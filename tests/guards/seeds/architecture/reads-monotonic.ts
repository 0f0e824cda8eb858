// as: packages/queue/src/seed.ts
// expect: reads performance.now
export const began = performance.now();
