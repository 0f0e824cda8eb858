// expect: restrict-template-expressions
export const shown = (thing: { id: number }): string => `thing ${thing}`;
