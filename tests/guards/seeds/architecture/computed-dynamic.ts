// as: packages/relay/src/seed.ts
// expect: imports a computed name
export const seed = (name: string): Promise<unknown> => import(name);
