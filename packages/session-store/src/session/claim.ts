import { AppError } from "@flotilla/kernel";

/** The right to use a session on the wire, held by one connection of this process at a time. */
export class Claim {
  #taken = false;

  /** AppError `session-claimed` while another holder has it. */
  assertFree(): void {
    if (this.#taken)
      throw new AppError(
        "session-claimed",
        "Another connection of this process uses the session already.",
      );
  }

  /** AppError `session-claimed` while another holder has it. Dispose releases it, once. */
  take(): Disposable {
    this.assertFree();
    this.#taken = true;
    let mine = true;
    return {
      [Symbol.dispose]: () => {
        if (mine) this.#taken = false;
        mine = false;
      },
    };
  }
}
