// as: packages/queue/src/seed.ts
// expect: reads new Date()
export const hour = new Date().getHours();
