// expect: TS2375
export const options: { delayMs?: number } = { delayMs: undefined };
