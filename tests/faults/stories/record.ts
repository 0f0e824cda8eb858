import type { Told } from "./model.ts";

/** A call of the Bot API as the sandbox keeps it (docs/sandbox.md). */
interface OutboxEntry {
  readonly n: number;
  readonly atMs: number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly status: number | null;
  readonly description: string | null;
  readonly message: number | null;
}

/** All that the bot wrote, over more calls than the sandbox keeps. */
export class BotRecord {
  readonly #get: (path: string) => Promise<OutboxEntry[]>;
  readonly #calls: OutboxEntry[] = [];

  constructor(get: <T>(path: string) => Promise<T>) {
    this.#get = get;
  }

  /** Reads what is new. */
  async collect(): Promise<void> {
    const fresh = await this.#get(`outbox?after=${this.#calls.at(-1)?.n ?? 0}`);
    // A call that is under way is read again.
    const open = fresh.findIndex(
      ({ status, description }) => status === null && description === null,
    );
    this.#calls.push(...(open < 0 ? fresh : fresh.slice(0, open)));
  }

  /** Messages and edits so far. */
  async told(): Promise<Told[]> {
    await this.collect();
    return this.#calls.flatMap(toldBy);
  }
}

/** A call as the judge sees it; nothing when it wrote no message. */
function toldBy({ atMs: at, method, params, status, description, message }: OutboxEntry): Told[] {
  const html = String(params["text"] ?? params["caption"] ?? "");
  const chat = String(params["chat_id"]);
  const buttons = JSON.stringify(params["reply_markup"] ?? null);
  const isEdit = method.startsWith("editMessage");
  if (isEdit && status === 400 && description?.includes("not modified"))
    return [{ at, chat, message: Number(params["message_id"]), how: "unchanged", html, buttons }];
  if (message === null || !(isEdit || method.startsWith("send"))) return [];
  return [{ at, chat, message, how: isEdit ? "edited" : "sent", html, buttons }];
}
