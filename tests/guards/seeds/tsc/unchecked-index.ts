// expect: TS2322
export const first = (list: readonly number[]): number => list[0];
