// as: packages/queue/src/seed.ts
// expect: takes a path out of a URL by hand
export const here = import.meta.url.slice("file://".length);
