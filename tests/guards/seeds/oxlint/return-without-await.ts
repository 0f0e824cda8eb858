// expect: return-await
const work = async (): Promise<number> => 1;

export async function caught(): Promise<number> {
  try {
    return work();
  } catch {
    return 0;
  }
}
