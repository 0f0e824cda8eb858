/**
 * Number of the last migration of the databases whose schema belongs to a program: for those who
 * look at a file and open none. A test of each program compares.
 */
export const SCHEMAS = { "control.db": 21, "host.db": 9 } as const;
