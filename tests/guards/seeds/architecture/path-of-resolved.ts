// as: apps/cli/src/seed.ts
// expect: takes a path out of a URL by hand
export const MAIN = new URL(import.meta.resolve("@flotilla/sandbox/main")).pathname;
