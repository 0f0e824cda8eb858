// expect: await-thenable
export async function nothing(): Promise<number> {
  return await 1;
}
