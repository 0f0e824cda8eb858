/** Does one piece of work after the other, in the order in which they were asked for. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Begins when everything asked for before has ended. Settles as `work` does; what fails does not hold up the next one. */
  run<T>(work: () => Promise<T> | T): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Resolves when everything asked for so far has ended. Never rejects. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
