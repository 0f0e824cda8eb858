// expect: TS4114
export class Base {
  stop(): void {}
}

export class Derived extends Base {
  stop(): void {}
}
