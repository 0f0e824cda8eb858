import { join } from "node:path";
import { redisProgram } from "@flotilla/config";
import type { Confirmation, Delivery } from "@flotilla/contracts";
import { parseWorkerId, type WorkerId } from "@flotilla/kernel";
import { fleetPlace, type QueuePlace, RelayLink, startEmbeddedRedis } from "@flotilla/queue";
import { openSession, type SessionStore } from "@flotilla/session-store";
import type { Bench } from "../lib/bench.ts";
import { Floor } from "../lib/floor.ts";
import { type Contender, lengthOf, pairwise, type Round } from "../lib/pairwise.ts";

const TEXT = "x".repeat(500);
const READER = parseWorkerId("reader");
const SENDER = parseWorkerId("sender");
/** Waiting deliveries of another route while one route is measured. */
const BACKLOG = 10_000;
/** Pairs of reader and sender, all in one process. */
const PAIRS = 4;

const bench: Bench = {
  summary:
    "a message from the reader's inbox to a confirmed delivery: two session files, a real Redis, no Telegram",
  async run({ dir, quick, skip }) {
    await using stack = new AsyncDisposableStack();
    const program = redisProgram();
    if (program === null) {
      skip("everything: no Redis here. Run it by npm run bench, which finds one.");
      return [];
    }
    const redis = await startEmbeddedRedis({ program, dir: join(dir, "redis"), env: {} });
    stack.defer(() => redis.stop());
    const fleetKey = Buffer.alloc(32, 7);
    const place = (id: string): QueuePlace =>
      fleetPlace({ redis: redis.url, fleet: { id, from01: false }, fleetKey });
    const floor = stack.use(new Floor(join(dir, "floor")));
    const one = stack.use(await Pipe.start(join(dir, "one"), place("one"), 1));
    const ten = stack.use(await Pipe.start(join(dir, "ten"), place("ten"), 10));
    const fifty = stack.use(await Pipe.start(join(dir, "fifty"), place("fifty"), 50));
    const several: Pipe[] = [];
    for (let n = 0; n < PAIRS; n++)
      several.push(stack.use(await Pipe.start(join(dir, `pair_${n}`), place(`pair_${n}`), 10)));
    const full = stack.use(await Pipe.start(join(dir, "full"), place("full"), 1));
    full.pileUp(BACKLOG);
    const contenders: Contender[] = [
      named("1 route, one message after the other", one),
      named("10 routes at once", ten),
      named("50 routes at once", fifty),
      {
        name: `${PAIRS} readers and ${PAIRS} senders, 10 routes each`,
        round: (forMs) => together(several, forMs),
      },
      named(`1 route beside ${BACKLOG} that wait`, full),
      floor,
    ];
    return await pairwise(contenders, floor.name, lengthOf(quick));
  },
};
export default bench;

function named(name: string, pipe: Pipe): Contender {
  return { name, round: (forMs) => pipe.round(forMs) };
}

/** Measures several readers and senders at once. */
async function together(pipes: readonly Pipe[], forMs: number): Promise<Round> {
  const rounds = await Promise.all(pipes.map((pipe) => pipe.round(forMs)));
  return {
    operations: rounds.reduce((sum, { operations }) => sum + operations, 0),
    tookMs: Math.max(...rounds.map(({ tookMs }) => tookMs)),
    samplesMs: rounds.flatMap(({ samplesMs }) => [...samplesMs]),
  };
}

/** A reader and a sender in this process, joined by the real queue. */
class Pipe implements AsyncDisposable {
  readonly #reader: SessionStore;
  readonly #sender: SessionStore;
  readonly #links: readonly RelayLink[];
  readonly #lanes: number;
  readonly #answers = new Map<string, (confirmation: Confirmation) => void>();
  #n = 0;

  private constructor(dir: string, place: QueuePlace, lanes: number) {
    const open = (name: string): SessionStore =>
      openSession({ dir, name, fleetKey: Buffer.alloc(32, 7) });
    this.#reader = open("reader");
    this.#sender = open("sender");
    this.#lanes = lanes;
    const link = (who: WorkerId): RelayLink =>
      new RelayLink({
        place,
        who,
        handle: async (message) => await this.#handle(message),
        onError: () => {},
      });
    this.#links = [link(READER), link(SENDER)];
  }

  static async start(dir: string, place: QueuePlace, lanes: number): Promise<Pipe> {
    const pipe = new Pipe(dir, place, lanes);
    for (const link of pipe.#links) link.start();
    await pipe.#deliver("warm-up");
    return pipe;
  }

  /** Adds deliveries of another route that stay in the queue. */
  pileUp(count: number): void {
    const rows = Array.from({ length: count }, (_, n) => row("other", n));
    this.#reader.relay.outbox.take([], rows, []);
  }

  /** Relays messages until the time is over, `lanes` at once. */
  async round(forMs: number): Promise<Round> {
    const samplesMs: number[] = [];
    const started = performance.now();
    const lane = async (name: string): Promise<void> => {
      while (performance.now() - started < forMs) {
        const at = performance.now();
        await this.#deliver(name);
        samplesMs.push(performance.now() - at);
      }
    };
    await Promise.all(Array.from({ length: this.#lanes }, (_, n) => lane(`lane_${n}`)));
    return { operations: samplesMs.length, tookMs: performance.now() - started, samplesMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) await link.close();
    this.#reader.close();
    this.#sender.close();
  }

  /** The work of a worker for one message, without filters and Telegram. */
  async #deliver(lane: string): Promise<void> {
    const id = ++this.#n;
    const event = {
      kind: "new",
      box: "1",
      chat: "-1001",
      messageId: id,
      version: 0,
      date: id,
      content: content(),
    } as const;
    this.#reader.updates.commit({ channels: [{ id: "1", pts: id }], events: [event] }, () => true);
    const mine = this.#reader.updates.pending(200).filter(({ messageId }) => messageId === id);
    this.#reader.relay.outbox.take(
      mine.map(({ n }) => n),
      [row(lane, id)],
      [],
    );
    const head = this.#reader.relay.outbox.head(lane);
    if (!head) throw new Error("nothing waits");
    const { promise, resolve } = Promise.withResolvers<Confirmation>();
    const delivery = `reader.${head.n}.0`;
    this.#answers.set(delivery, resolve);
    await this.#links[0]?.deliver(step(delivery, id));
    const { result } = await promise;
    const target = result.kind === "done" ? (result.ids[0] ?? null) : null;
    this.#reader.relay.outbox.finish(
      head,
      { chat: "-1002", topic: null },
      [{ chat: "-1001", message: id, targetMessage: target }],
      "delivered",
    );
  }

  async #handle(
    message: Parameters<ConstructorParameters<typeof RelayLink>[0]["handle"]>[0],
  ): Promise<void> {
    if (message.kind === "confirmation") {
      this.#answers.get(message.id)?.(message);
      this.#answers.delete(message.id);
    }
    if (message.kind !== "delivery") return;
    const { id, key, route } = message;
    const { ids } = this.#sender.relay.sent.get(key) ?? { ids: [message.source.id] };
    this.#sender.relay.sent.add(key, { ids });
    const result = { kind: "done" as const, ids: [...ids], at: Date.now() };
    await this.#links[1]?.confirm(READER, { v: 1, kind: "confirmation", id, key, route, result });
  }
}

function row(lane: string, id: number) {
  const piece = JSON.stringify({ chat: "-1001", id, text: TEXT });
  return {
    lane,
    route: lane,
    key: `-1001/${id}/new`,
    kind: "new",
    album: null,
    piece,
    sourceAt: id,
    readyAt: 0,
  } as const;
}

function step(id: string, message: number): Delivery {
  const to = { kind: "worker", worker: SENDER, chat: "-1002" } as const;
  const send = {
    kind: "send",
    randomId: String(message),
    text: TEXT,
    entities: [],
    replyTo: null,
  } as const;
  const source = { chat: "-1001", id: message, date: null, title: null, link: null };
  return {
    v: 1,
    kind: "delivery",
    id,
    key: `key ${id}`,
    route: "bench",
    reader: READER,
    to,
    step: { ...send, entities: [] },
    source,
  };
}

function content() {
  const none = {
    media: null,
    groupedId: null,
    replyTo: null,
    topicId: null,
    from: null,
    ttlS: null,
  };
  return { ...none, text: TEXT, entities: [], out: false, noforwards: false, service: false };
}
