// expect: no-misused-promises
export function each(list: readonly number[]): void {
  list.forEach(async (item) => {
    await Promise.resolve(item);
  });
}
