// expect: TS6133
const forgotten = 1;

export const used = 2;
