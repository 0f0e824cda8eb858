// expect: Unused files
export const unused = 1;
