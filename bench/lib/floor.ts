import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { type Contender, timed } from "./pairwise.ts";

const PAGE_BYTES = 4096;

/** Overwrites a page and waits for the disk: the lower bound of any durable write. */
export class Floor implements Contender, Disposable {
  readonly name = "overwrite 4 KiB + fdatasync";
  readonly #file: number;
  readonly #page = Buffer.alloc(PAGE_BYTES, 1);

  constructor(path: string) {
    this.#file = openSync(path, "wx", 0o600);
    writeSync(this.#file, this.#page, 0, PAGE_BYTES, 0);
  }

  async round(forMs: number): ReturnType<Contender["round"]> {
    return timed(forMs, () => {
      writeSync(this.#file, this.#page, 0, PAGE_BYTES, 0);
      fdatasyncSync(this.#file);
    });
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
