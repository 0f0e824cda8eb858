import type {
  Confirmation,
  Delivery,
  DeliveryResult,
  DeliveryStep,
  FollowingText,
} from "@flotilla/contracts";
import type { FileSource } from "@flotilla/files";
import { AppError, SingleFlight } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { isAboutPart, resultOfFault, unanswered } from "@flotilla/relay";
import type { RelayTables, SentIds } from "@flotilla/session-store";
import type { RelayFiles } from "./files.ts";
import type { OutgoingText, RelayTelegram, TargetChat } from "./ports.ts";
import type { TargetNames } from "./target-names.ts";

/** Parts of the sender. */
export interface SenderDeps {
  readonly relay: RelayTables;
  readonly names: TargetNames;
  readonly telegram: RelayTelegram;
  readonly files: RelayFiles;
  readonly now: () => number;
  readonly log: Logger;
}

/**
 * The source or the target is nothing to this account. If it is the target, an upload will say so
 * too.
 */
const NO_ACCESS: ReadonlySet<string> = new Set([
  "unknown-peer",
  "CHANNEL_PRIVATE",
  "CHANNEL_INVALID",
  "PEER_ID_INVALID",
]);

/**
 * Delivers steps for readers. What was sent is remembered before it is confirmed; a step that was
 * sent and not remembered (killed in between) is refused by Telegram, because its random id was
 * used. So each arrives once.
 */
export class Sender {
  readonly #deps: SenderDeps;
  readonly #tries = new SingleFlight<DeliveryResult>();

  constructor(deps: SenderDeps) {
    this.#deps = deps;
  }

  /** Carries out one try. Never throws: how it ended is the confirmation. */
  async perform(delivery: Delivery): Promise<Confirmation> {
    const { id, key, route } = delivery;
    const result = await this.#tries.run(key, () => this.#once(delivery));
    return { v: 1, kind: "confirmation", id, key, route, result };
  }

  async #once(delivery: Delivery): Promise<DeliveryResult> {
    const { key, to, step, id, reader, filesAt: at } = delivery;
    const { relay, now, log } = this.#deps;
    try {
      const known = relay.sent.get(key);
      if (known) return done(known, now());
      if (to.kind !== "worker")
        throw new AppError("method-refused", "A worker does not deliver to this kind of target.");
      const chat = await this.#deps.names.chatOf(delivery.route, to.chat);
      const landed = chat.became ? { landed: chat.id } : {};
      const wanted = landed.landed === delivery.landed ? step : unanswered(step);
      const sent = wanted
        ? await this.#deliver(
            { chat: chat.id, topic: to.topic ?? null },
            wanted,
            { reader, at },
            key,
          )
        : NOTHING_SENT;
      const lost = [
        ...(sent.lost ?? []),
        ...(wanted && "lost" in wanted ? (wanted.lost ?? []) : []),
      ];
      const all = { ...sent, ...landed, ...(lost.length > 0 ? { lost } : {}) };
      relay.sent.add(key, all);
      return done(all, now());
    } catch (error) {
      const fault = this.#deps.telegram.faultOf(error);
      log.debug({ delivery: id, code: fault.code }, "a delivery did not work out");
      const result = resultOfFault(fault, now());
      const sent = this.#sentSoFar(key, step);
      if (result.kind === "failed" && sent) return { ...result, sent };
      const isUnreadable = result.kind === "blocked" && NO_ACCESS.has(fault.code);
      // A picture that was replaced where the sender cannot read: the next message is no worse for
      // it.
      if (isUnreadable && step.kind === "edit" && step.media) return { ...result, kind: "refused" };
      if (isUnreadable && step.kind === "forward" && step.dropAuthor)
        return { ...result, kind: "no-access" };
      return result;
    }
  }

  async #deliver(
    to: TargetChat,
    step: DeliveryStep,
    from: FileSource,
    key: string,
  ): Promise<SentIds> {
    const { telegram } = this.#deps;
    switch (step.kind) {
      case "send": {
        const send = (): Promise<Ids> =>
          this.#unlessSent(1, async () => [await telegram.send(to, step)]);
        const ids = await this.#first(key, step.rest, send);
        return { ids, ...(await this.#follow(key, to, ids[0] ?? null, step.rest)) };
      }
      case "forward":
        return await this.#forward(to, step, key);
      case "upload": {
        const upload = (): Promise<Ids> =>
          this.#unlessSent(step.files.length, () => this.#deps.files.upload(from, to, step));
        const ids = await this.#first(key, step.rest, upload);
        return { ids, ...(await this.#follow(key, to, ids[0] ?? null, step.rest)) };
      }
      case "edit":
        return { ids: [], ...(await this.#edit(to, step, key)) };
      case "delete":
        await this.#ignoring("MESSAGE_ID_INVALID", () => telegram.delete(to, step.messages));
        return { ids: [], rest: [] };
      case "alert":
        throw new AppError("method-refused", "Alerts are the bot's.");
      default:
        return step satisfies never;
    }
  }

  /**
   * A reply is sent as a new message; what can only be forwarded loses its reply. Files without a
   * reply are sent as new messages only when their text is too long for a forward by this account.
   */
  async #forward(
    to: TargetChat,
    step: Extract<DeliveryStep, { kind: "forward" }>,
    key: string,
  ): Promise<SentIds> {
    const { telegram } = this.#deps;
    const { answer, ids: wanted, randomIds, rest } = step;
    const forward = (): Promise<Ids> => telegram.forward(to, step);
    if (answer === undefined)
      return { ids: await this.#unlessSent(wanted.length, forward), rest: [] };
    const messages = wanted.map((id, n) => ({
      id,
      randomId: randomIds[n] ?? "",
      ...(answer.said[n] ?? NOTHING_SAID),
    }));
    let isWhole = false;
    const copies = async (): Promise<Ids> => {
      const whole =
        answer.to === null
          ? await forward().catch((error: unknown) => this.#unlessTooLong(error))
          : null;
      isWhole = whole !== null;
      if (whole !== null) return whole;
      const copied = await telegram.copies.send(to, step, messages, answer.to);
      isWhole = copied === null;
      return copied ?? (await forward());
    };
    const ids = await this.#first(
      key,
      rest,
      () => this.#unlessSent(wanted.length, copies),
      () => isWhole,
    );
    // A forward has its whole text.
    if (isWhole) return { ids, rest: [], ...(answer.to === null ? {} : { lost: ["reply"] }) };
    return { ids, ...(await this.#follow(key, to, ids[0] ?? null, rest)) };
  }

  /** Null when a caption is too long for an account without Premium; rethrows anything else. */
  #unlessTooLong(error: unknown): null {
    if (this.#deps.telegram.faultOf(error).code === "MEDIA_CAPTION_TOO_LONG") return null;
    throw error;
  }

  /**
   * Sends what was too long for one message as answers to it. A refused part does not keep back the
   * others.
   */
  async #follow(
    key: string,
    to: TargetChat,
    replyTo: number | null,
    texts: readonly FollowingText[] = [],
  ): Promise<Followed> {
    return await this.#eachPart(texts, async (text) => {
      const send = async (): Promise<Ids> => [
        await this.#deps.telegram.send(to, { ...text, replyTo }),
      ];
      return await this.#part(key, text, send);
    });
  }

  async #eachPart<T>(
    parts: readonly T[],
    carry: (part: T) => Promise<number | null>,
  ): Promise<Followed> {
    const [rest, refused]: [(number | null)[], number[]] = [[], []];
    for (const [n, part] of parts.entries()) {
      const id = await carry(part).catch((error: unknown) => {
        if (!isAboutPart(resultOfFault(this.#deps.telegram.faultOf(error), this.#deps.now())))
          throw error;
        refused.push(n);
        return null;
      });
      rest.push(id);
    }
    return { rest, refused };
  }

  /** What others follow: a wait before they are sent must not cost its ids. */
  async #first(
    key: string,
    rest: readonly FollowingText[] = [],
    send: () => Promise<Ids>,
    isAll = () => false,
  ): Promise<Ids> {
    if (rest.length === 0) return await send();
    return await this.#remembered(key, send, isAll);
  }

  async #part(
    key: string,
    { randomId }: FollowingText,
    send: () => Promise<Ids>,
  ): Promise<number | null> {
    const [id = null] = await this.#remembered(`${key} ${randomId}`, () =>
      this.#unlessSent(1, send),
    );
    return id;
  }

  async #remembered(key: string, send: () => Promise<Ids>, isAll = () => false): Promise<Ids> {
    const { relay } = this.#deps;
    const known = relay.sent.get(partKey(key));
    if (known) return known.ids;
    const ids = await send();
    if (!isAll()) relay.sent.add(partKey(key), { ids });
    return ids;
  }

  /** A step that was broken off may have sent some of its messages; null: none. */
  #sentSoFar(key: string, step: DeliveryStep): Sent | null {
    const { relay } = this.#deps;
    const first = relay.sent.get(partKey(key));
    if (!first || step.kind === "edit" || !("rest" in step)) return null;
    const parts = (step.rest ?? []).map(({ randomId }) =>
      relay.sent.get(partKey(`${key} ${randomId}`)),
    );
    const refused = parts.flatMap((part, n) => (part ? [] : [n]));
    return { ids: [...first.ids], rest: parts.map((part) => part?.ids[0] ?? null), refused };
  }

  async #edit(
    to: TargetChat,
    step: Extract<DeliveryStep, { kind: "edit" }>,
    key: string,
  ): Promise<Partial<Followed>> {
    const { telegram } = this.#deps;
    const change = async (id: number, text: OutgoingText): Promise<void> =>
      await this.#ignoring("MESSAGE_NOT_MODIFIED", () => telegram.edit(to, id, text));
    const { rest, surplus = [], media } = step;
    if (media)
      await this.#ignoring("MESSAGE_NOT_MODIFIED", () =>
        telegram.copies.replace(to, step.message, media, step),
      );
    else await change(step.message, step);
    if (surplus.length > 0)
      await this.#ignoring("MESSAGE_ID_INVALID", () => telegram.delete(to, surplus));
    // Nothing followed before, and nothing does now.
    if (rest === undefined) return {};
    return await this.#eachPart(rest, async ({ message, ...text }) => {
      if (message !== null) return await change(message, text).then(() => message);
      const send = async (): Promise<Ids> => [
        await telegram.send(to, { ...text, replyTo: step.message }),
      ];
      return await this.#part(key, text, send);
    });
  }

  /**
   * Telegram saying "I have this already" is what a second try hopes for. The ids are then not
   * told.
   */
  async #unlessSent(count: number, send: () => Promise<Ids>): Promise<Ids> {
    try {
      return await send();
    } catch (error) {
      if (this.#deps.telegram.faultOf(error).code !== "RANDOM_ID_DUPLICATE") throw error;
      return Array.from({ length: count }, () => null);
    }
  }

  async #ignoring(code: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#deps.telegram.faultOf(error).code !== code) throw error;
    }
  }
}

type Ids = readonly (number | null)[];

type Sent = NonNullable<Extract<DeliveryResult, { kind: "failed" }>["sent"]>;

/** Ids of what followed, and which of them the target refused, by their place. */
interface Followed {
  readonly rest: (number | null)[];
  readonly refused: number[];
}

const NOTHING_SAID = { text: "", entities: [] };

const NOTHING_SENT: SentIds = { ids: [] };

/** How one message of a step of several is remembered. */
function partKey(key: string): string {
  return `${key} part`;
}

function done({ ids, rest, refused, landed, lost }: SentIds, at: number): DeliveryResult {
  const more = {
    ...(rest && { rest: [...rest] }),
    ...(refused?.length && { refused: [...refused] }),
    ...(landed && { landed }),
    ...(lost && { lost: [...lost] }),
  };
  return { kind: "done", ids: [...ids], ...more, at };
}
