// expect: no-floating-promises
const work = async (): Promise<number> => 1;

export function start(): void {
  work();
}
