import { waitFor } from "@flotilla/testkit";
import type { TestFleet } from "./fleet.ts";

/** A message as the control API shows it. */
export interface ChatMessage {
  readonly id: number;
  readonly from: "bot" | "user";
  readonly text: string;
  readonly deleted: boolean;
  readonly silent: boolean;
  readonly keyboard: readonly (readonly { readonly text: string }[])[];
}

/** What a press came to. */
export interface Pressed {
  readonly answered: boolean;
  readonly toast: { readonly text: string } | null;
}

/** The admin's side of a chat, without a browser. `user` = another person than the admin. */
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

  /** Waits until a message shows the button, and presses that of the newest one. */
  async press(label: string): Promise<Pressed> {
    return await this.#press({ labelContains: label });
  }

  /** Looked for and pressed in one call: a card that the bot replaces meanwhile has no button any more. */
  async #press(button: { readonly label: string } | { readonly labelContains: string }): Promise<Pressed> {
    const press = { ...this.#who, ...button, waitMs: 45_000 };
    const once = (): Promise<Pressed | Error> =>
      this.#fleet.post<Pressed>("chat/press", press).catch((error: Error) => {
        if (error.message.includes('"no-such-button"')) throw error;
        return error; // waiting does not mend it
      });
    const pressed = await waitFor(once, { what: `a button ${Object.values(button).join()}` });
    if (pressed instanceof Error) throw pressed;
    return pressed;
  }

  /** Waits for a message of the bot that is there and fits. */
  async shows(text: RegExp, timeoutMs = 45_000): Promise<ChatMessage> {
    return await waitFor(
      async () => (await this.messages()).findLast((message) => message.from === "bot" && text.test(message.text)),
      { timeoutMs, what: `a message like ${text}` },
    );
  }

  /** All messages that are there, oldest first. */
  async messages(): Promise<ChatMessage[]> {
    const query = this.#who.user === undefined ? "" : `?user=${this.#who.user}`;
    return (await this.#fleet.get<ChatMessage[]>(`chat/messages${query}`)).filter((message) => !message.deleted);
  }

  /** From a worker's card on: 🔐, the phone number, and the code that came for it. What follows depends on the account. */
  async logIn(phone: string): Promise<void> {
    await this.press("Authenticate");
    await this.shows(/Send the phone number/);
    await this.say(`+${phone}`);
    await this.shows(/Code: ○ ○ ○ ○ ○/);
    await this.tap((await latestCode(this.#fleet, phone)).code);
    await this.press("✔");
  }

  /** Taps a code into the keypad. An alert that comes meanwhile has digits on its buttons, too ("Mute 4 h"). */
  async tap(code: string): Promise<void> {
    for (const digit of code) await this.#press({ label: digit });
  }
}

/** The latest login code of an account. */
export async function latestCode(fleet: TestFleet, phone: string): Promise<{ code: string; state: string }> {
  return await fleet.get(`accounts/${phone}/code`);
}
