// expect: only-throw-error
export function fail(): never {
  throw "no stack here";
}
