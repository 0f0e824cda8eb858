import type { Fault, SourceMessage } from "@flotilla/contracts";
import { AppError, toError } from "@flotilla/kernel";
import type { LinkedChannel } from "@flotilla/session-store";
import { PART_BYTES } from "@flotilla/telegram";
import type { FilePort, RelayTelegram } from "../../src/relay/ports.ts";

export interface Posted {
  readonly id: number;
  readonly chat: string;
  text: string;
  readonly by: string;
  from: number | null;
  readonly replyTo: number | null;
  deleted: boolean;
}

/**
 * The target side of Telegram as a sender sees it. Keeps posts and refuses a used random id, the
 * rule that exactly-once rests on. `fault` decides each call; `lost` drops answers after the
 * effect.
 */
export class Targets {
  readonly posted: Posted[] = [];
  /** The channel of each discussion group. */
  readonly linked = new Map<string, LinkedChannel>();
  /** Source messages that were deleted before they were forwarded. */
  readonly gone = new Set<number>();
  /** Messages that can only be forwarded. */
  readonly onlyForwards = new Set<number>();
  onEdit: (text: string) => void = () => {};
  /** The present owner of each name. */
  readonly names = new Map<string, string>();
  /** Whether the account has no more chats than were learned. */
  knowsAll = true;
  onResolve: () => void = () => {};
  duplicates = 0;
  fault: (chat: string, text: string) => Error | null = () => null;
  lost = 0;
  /** The sender forgets the id of this message right after the post. */
  forgotten = 0;
  history: SourceMessage[] = [];
  #used = new Set<string>();
  /** File content of source messages, by id. */
  readonly content = new Map<number, Buffer>();
  reads = 0;
  readonly uploads: { readonly texts: string[]; readonly bytes: Buffer[] }[] = [];
  /** Thrown by the next read. */
  readFault: Error | null = null;
  readonly #parts = new Map<string, Buffer[]>();

  port(by: string): RelayTelegram {
    return {
      send: async (to, message) => {
        const id = this.#post(by, to.chat, message.randomId, {
          text: message.text,
          from: null,
          replyTo: message.replyTo,
        });
        if (id === this.forgotten) throw new Error("RANDOM_ID_DUPLICATE");
        return this.#answer(id);
      },
      forward: async (to, what) => {
        const ids = what.ids.map((from, n) => {
          if (this.gone.has(from)) return null;
          if (this.content.has(from) && by !== "reader") throw new Error("CHANNEL_PRIVATE");
          return this.#post(by, to.chat, what.randomIds[n] ?? "", {
            text: `fwd ${from}`,
            from,
            replyTo: null,
          });
        });
        return this.#answer(ids);
      },
      copies: {
        send: async (to, _from, messages, replyTo) => {
          if (messages.some(({ id }) => this.onlyForwards.has(id))) return null;
          return this.#answer(
            messages.map(({ id: from, text, randomId }) =>
              this.#post(by, to.chat, randomId, { text, from, replyTo }),
            ),
          );
        },
        replace: async (_to, id, { id: from }, { text }) => {
          const message = this.posted.find((it) => it.id === id);
          if (message) Object.assign(message, { text, from });
        },
      },
      edit: async (_to, id, { text }) => {
        const message = this.posted.find((it) => it.id === id);
        if (!message) throw new Error("MESSAGE_ID_INVALID");
        this.onEdit(text);
        message.text = text;
      },
      delete: async (_to, ids) => {
        for (const message of this.posted) if (ids.includes(message.id)) message.deleted = true;
      },
      files: this.files,
      faultOf: (error) => {
        const code = error instanceof AppError ? error.code : toError(error).message;
        const wait = /_WAIT_([0-9]+)$/.exec(code)?.[1];
        const cls = wait ? "FLOOD" : (CLASSES[code] ?? "REQUEST");
        return {
          class: cls,
          code,
          message: toError(error).message,
          ...(wait ? { waitS: Number(wait) } : {}),
        };
      },
      resolve: async (ref) => {
        this.onResolve();
        return this.names.get(ref) ?? null;
      },
      learnChats: async () => this.knowsAll,
      chats: async () => [],
      topics: async () => [],
      linkedChannel: async (chat) => this.linked.get(chat) ?? null,
      history: async (from, before, limit) =>
        this.history
          .filter((it) => it.chat === from.chat && (before === 0 || it.id < before))
          .sort((a, b) => b.id - a.id)
          .slice(0, limit),
    };
  }

  readonly files: FilePort = {
    find: async (_chat, id) => {
      const bytes = this.content.get(id);
      if (!bytes) throw new Error("MESSAGE_ID_INVALID");
      const place = { id } as never;
      return {
        photo: false,
        mime: "text/plain",
        name: `${id}.txt`,
        sizeBytes: bytes.length,
        look: {},
        place,
        dc: 2,
      };
    },
    read: async ({ place }, offset) => {
      const fault = this.readFault;
      this.readFault = null;
      if (fault) throw fault;
      this.reads += 1;
      const { id } = place as unknown as { id: number };
      return (this.content.get(id) ?? Buffer.alloc(0)).subarray(offset, offset + PART_BYTES);
    },
    save: async (id, part, bytes) => {
      const parts = this.#parts.get(id) ?? [];
      parts[part] = bytes;
      this.#parts.set(id, parts);
    },
    send: async (to, files) => {
      const texts = files.map(({ text }) => text);
      const ids = files.map(({ randomId, text }) =>
        this.#post("upload", to.chat, randomId, { text, from: null, replyTo: null }),
      );
      this.uploads.push({
        texts,
        bytes: files.map(({ id }) => Buffer.concat(this.#parts.get(id) ?? [])),
      });
      return this.#answer(ids);
    },
  };

  in(chat: string): string[] {
    return this.posted.filter((it) => it.chat === chat && !it.deleted).map(({ text }) => text);
  }

  #post(
    by: string,
    chat: string,
    randomId: string,
    more: Pick<Posted, "text" | "from" | "replyTo">,
  ): number {
    const fault = this.fault(chat, more.text);
    if (fault) throw fault;
    if (this.#used.has(`${by} ${randomId}`)) {
      this.duplicates += 1;
      throw new Error("RANDOM_ID_DUPLICATE");
    }
    this.#used.add(`${by} ${randomId}`);
    const id = this.posted.length + 1;
    this.posted.push({ id, chat, by, deleted: false, ...more });
    return id;
  }

  #answer<T>(ids: T): T {
    if (this.lost === 0) return ids;
    this.lost -= 1;
    throw new Error("link-lost");
  }
}

const CLASSES: Readonly<Record<string, Fault["class"]>> = {
  RANDOM_ID_DUPLICATE: "TG_SERVER",
  CHAT_WRITE_FORBIDDEN: "SOURCE",
  CHANNEL_PRIVATE: "SOURCE",
  "link-lost": "NETWORK",
  surprise: "CRASH",
};
