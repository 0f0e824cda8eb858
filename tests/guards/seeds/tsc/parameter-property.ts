// expect: TS1294
export class Holder {
  constructor(readonly value: number) {}
}
