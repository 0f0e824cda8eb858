// expect: lint/correctness/noUndeclaredDependencies
export const load = (): Promise<unknown> => import("ioredis");
