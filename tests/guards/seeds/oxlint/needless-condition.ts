// expect: no-unnecessary-condition
export function size(text: string): number {
  return text?.length;
}
