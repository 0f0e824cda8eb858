// expect: Unused files
export const nobody = 1;
