/** Runs pieces of work one after another, in the order of the calls. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs `work` after all earlier work has ended, and settles like `work`. A failure does not block
   * later work.
   */
  run<T>(work: () => Promise<T> | T): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Resolves when all work queued so far has ended. Never rejects. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
