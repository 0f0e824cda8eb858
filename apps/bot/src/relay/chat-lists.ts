import type { CommandOutcome, KnownChat, KnownTopic } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";

/** Chats and topics as workers last listed them. In memory: asking again is one press. */
export class ChatLists {
  readonly #chats = new Map<WorkerId, readonly KnownChat[]>();
  readonly #topics = new Map<string, readonly KnownTopic[]>();

  /** Takes the outcome of a command; most of them list nothing. */
  keep(worker: WorkerId, outcome: CommandOutcome): void {
    if (outcome.kind === "chats") this.#chats.set(worker, outcome.chats);
    if (outcome.kind === "topics") this.#topics.set(`${worker} ${outcome.chat}`, outcome.topics);
  }

  /** Null: never asked. */
  chats(worker: WorkerId): readonly KnownChat[] | null {
    return this.#chats.get(worker) ?? null;
  }

  /** Null: never asked. Empty: it has none. */
  topics(worker: WorkerId, chat: string): readonly KnownTopic[] | null {
    return this.#topics.get(`${worker} ${chat}`) ?? null;
  }

  /** What a topic is called by any worker's list; else its number. */
  topicName(chat: string, id: number): string {
    for (const [key, topics] of this.#topics) {
      const found = key.endsWith(` ${chat}`) ? topics.find((topic) => topic.id === id) : undefined;
      if (found) return found.title;
    }
    return String(id);
  }

  /** A chat by any worker's list. */
  find(ref: string): KnownChat | null {
    const wanted = ref.toLowerCase();
    for (const chats of this.#chats.values()) {
      const found = chats.find((chat) => chat.ref.toLowerCase() === wanted);
      if (found) return found;
    }
    return null;
  }
}
