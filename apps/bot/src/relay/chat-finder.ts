import type { Asker, CommandOutcome, UnknownChat } from "@flotilla/contracts";
import { type WorkerId, withTimeout } from "@flotilla/kernel";
import type { Commands } from "../workers/commands.ts";

/** A reader that is connected answers within this time; the admin waits. */
const ANSWER_MS = 2000;
/** So many chats go into one question. */
const AT_ONCE = 50;

/** Parts of the finder. */
export interface ChatFinderDeps {
  readonly commands: Pick<Commands, "relay">;
  readonly newId: () => string;
}

/**
 * Asks a reader which sources are no chat of its account, when a route is saved (field fault B11).
 */
export class ChatFinder {
  readonly #deps: ChatFinderDeps;
  readonly #waiting = new Map<string, (chats: readonly UnknownChat[] | null) => void>();

  constructor(deps: ChatFinderDeps) {
    this.#deps = deps;
  }

  /** Those that are none. Null: the reader cannot say now; the card of the route says it later. */
  async unknown(
    worker: WorkerId,
    chats: readonly string[],
    asker: Asker,
  ): Promise<readonly UnknownChat[] | null> {
    const found: UnknownChat[] = [];
    for (let at = 0; at < chats.length; at += AT_ONCE) {
      const part = await this.#ask(worker, chats.slice(at, at + AT_ONCE), asker);
      if (part === null) return null;
      found.push(...part);
    }
    return found;
  }

  /** Takes the outcome of a command; most of them are none of these. */
  answered(command: string, outcome: CommandOutcome): void {
    this.#waiting.get(command)?.(outcome.kind === "unknown-chats" ? outcome.chats : null);
  }

  async #ask(
    worker: WorkerId,
    chats: string[],
    asker: Asker,
  ): Promise<readonly UnknownChat[] | null> {
    const id = this.#deps.newId();
    const { promise, resolve } = Promise.withResolvers<readonly UnknownChat[] | null>();
    this.#waiting.set(id, resolve);
    try {
      const sent = await this.#deps.commands.relay({ kind: "relay.find", chats }, worker, {
        asker,
        id,
      });
      return sent.kind === "sent"
        ? await withTimeout(promise, ANSWER_MS, () => new Error("no answer"))
        : null;
    } catch {
      return null;
    } finally {
      this.#waiting.delete(id);
    }
  }
}
