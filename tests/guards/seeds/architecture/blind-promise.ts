// as: packages/queue/src/seed.ts
// expect: waits by a promise around setTimeout
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));
