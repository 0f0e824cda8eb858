// as: packages/queue/test/seed.test.ts
// expect: takes a path out of a URL by hand
export const url = (path: string): URL => new URL(`file://${path}`);
