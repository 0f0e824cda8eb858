/** The admin's side of the sandbox's chat, over one open connection. */
export class Phone implements Disposable {
  readonly #control: string;
  readonly #gone = new AbortController();
  #hear: (event: Heard) => void = () => {};

  private constructor(url: string) {
    this.#control = `${url}/control`;
  }

  static async open(url: string): Promise<Phone> {
    const phone = new Phone(url);
    const events = await fetch(`${url}/control/events`, { signal: phone.#gone.signal });
    void phone.#listen(events).catch(() => {});
    return phone;
  }

  /** Runs an action and waits for the first later message of the bot that matches. */
  async after(
    act: () => Promise<unknown>,
    fits: (heard: Heard) => boolean,
  ): Promise<Heard & { readonly at: number }> {
    const { promise, resolve, reject } = Promise.withResolvers<Heard & { readonly at: number }>();
    const timer = setTimeout(
      () => reject(new Error("the chat did not change within 20 s")),
      20_000,
    );
    this.#hear = (heard) => {
      if (fits(heard)) resolve({ ...heard, at: performance.now() });
    };
    try {
      const acted = act();
      const [heard] = await Promise.all([promise, acted]);
      return heard;
    } finally {
      clearTimeout(timer);
      this.#hear = () => {};
    }
  }

  /** Presses a button; resolves when the bot answers the press. */
  async press(messageId: number, label: string): Promise<void> {
    const answer = await this.post("chat/press", { messageId, labelContains: label });
    if (answer.answered !== true) throw new Error(`the bot did not answer the press of ${label}`);
  }

  async post(path: string, body: object): Promise<Record<string, unknown>> {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${this.#control}/${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  }

  async #listen(events: Response): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of events.body ?? []) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts) this.#take(part);
    }
  }

  #take(part: string): void {
    const kind = /^event: (.*)$/m.exec(part)?.[1];
    const data = /^data: (.*)$/m.exec(part)?.[1];
    if ((kind !== "message" && kind !== "edited") || data === undefined) return;
    const { id, text, from } = JSON.parse(data) as Heard & { from: string };
    if (from === "bot") this.#hear({ id, text });
  }

  [Symbol.dispose](): void {
    this.#gone.abort();
  }
}

/** A message of the bot, new or edited. */
export interface Heard {
  readonly id: number;
  readonly text: string;
}
