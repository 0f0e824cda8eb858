// as: apps/supervisor/src/seed.ts
// expect: takes a path out of a URL by hand
export const CLI = new URL("../../cli/src/main.ts", import.meta.url).pathname;
