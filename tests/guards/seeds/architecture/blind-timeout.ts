// as: packages/queue/src/seed.ts
// expect: waits by AbortSignal.timeout
export const signal = AbortSignal.timeout(10);
