import { waitFor } from "@flotilla/testkit";
import type { TestFleet } from "./fleet.ts";

/** A message in the control API. */
export interface ChatMessage {
  readonly id: number;
  readonly from: "bot" | "user";
  readonly text: string;
  readonly deleted: boolean;
  readonly silent: boolean;
  readonly keyboard: readonly (readonly { readonly text: string }[])[];
}

/** The result of a press. */
export interface Pressed {
  readonly answered: boolean;
  readonly toast: { readonly text: string } | null;
}

/** The admin's side of a chat, without a browser. `user`: another user than the admin. */
export class AdminChat {
  readonly #fleet: TestFleet;
  readonly #who: { user?: number };

  constructor(fleet: TestFleet, user?: number) {
    this.#fleet = fleet;
    this.#who = user === undefined ? {} : { user };
  }

  async start(): Promise<void> {
    await this.#fleet.post("chat/start", this.#who);
  }

  async say(text: string): Promise<void> {
    await this.#fleet.post("chat/text", { ...this.#who, text });
  }

  /** Waits until a message shows the button; presses that of the newest message. */
  async press(label: string): Promise<Pressed> {
    return await this.#press({ labelContains: label });
  }

  /** Finds and presses the button in one call, because the bot may replace the card meanwhile. */
  async #press(
    button: { readonly label: string } | { readonly labelContains: string },
  ): Promise<Pressed> {
    const press = { ...this.#who, ...button, waitMs: 45_000 };
    const once = (): Promise<Pressed | Error> =>
      this.#fleet.post<Pressed>("chat/press", press).catch((error: Error) => {
        if (error.message.includes('"no-such-button"')) throw error;
        return error; // no wait helps
      });
    const pressed = await waitFor(once, { what: `a button ${Object.values(button).join()}` });
    if (pressed instanceof Error) throw pressed;
    return pressed;
  }

  /** Waits for a present message of the bot that matches. */
  async shows(text: RegExp, timeoutMs = 45_000): Promise<ChatMessage> {
    return await waitFor(
      async () =>
        (await this.messages()).findLast(
          (message) => message.from === "bot" && text.test(message.text),
        ),
      { timeoutMs, what: `a message like ${text}` },
    );
  }

  /** All present messages, oldest first. */
  async messages(): Promise<ChatMessage[]> {
    const query = this.#who.user === undefined ? "" : `?user=${this.#who.user}`;
    return (await this.#fleet.get<ChatMessage[]>(`chat/messages${query}`)).filter(
      (message) => !message.deleted,
    );
  }

  /** From a worker's card: presses 🔐, sends the phone number and enters its code. */
  async logIn(phone: string): Promise<void> {
    await this.press("Authenticate");
    await this.shows(/Send the phone number/);
    await this.say(`+${phone}`);
    await this.shows(/Code: ○ ○ ○ ○ ○/);
    await this.tap((await latestCode(this.#fleet, phone)).code);
    await this.press("✔");
  }

  /**
   * Taps a code into the keypad. Matches keys exactly: buttons of alerts contain digits too ("Mute
   * 4 h").
   */
  async tap(code: string): Promise<void> {
    for (const digit of code) await this.#press({ label: digit });
  }
}

/** The latest login code of an account. */
export async function latestCode(
  fleet: TestFleet,
  phone: string,
): Promise<{ code: string; state: string }> {
  return await fleet.get(`accounts/${phone}/code`);
}
