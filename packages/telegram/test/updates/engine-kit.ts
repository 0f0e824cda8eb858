/** An engine over a real session file and a model of the server. */
import { randomBytes } from "node:crypto";
import { AppError, systemClock } from "@flotilla/kernel";
import { openSession, type SessionStore } from "@flotilla/session-store";
import { testDir, waitFor } from "@flotilla/testkit";
import { onTestFinished } from "vitest";
import { UpdateEngine } from "../../src/updates/engine.ts";
import type {
  CaughtUp,
  EngineOptions,
  EngineTimings,
  UpdateTrouble,
} from "../../src/updates/engine-types.ts";
import type { Update, Verdict } from "../../src/updates/model.ts";
import { ModelServer, Refusal } from "./model-server.ts";

export const QUICK: EngineTimings = {
  gapMs: 5,
  idleMs: 60_000,
  sweepEveryMs: 60_000,
  deafEveryMs: 60_000,
  paceMs: 0,
  retryMs: [1],
};

export function judge(error: unknown): Verdict {
  const text = error instanceof Refusal ? error.text : "";
  if (text.startsWith("CHANNEL_")) return { kind: "closed", reason: text };
  if (text.startsWith("PERSISTENT_TIMESTAMP_INVALID")) return { kind: "stale" };
  if (text === "UNDECODABLE") return { kind: "undecodable" };
  if (text.startsWith("REFUSED ")) return { kind: "refused", reason: text.slice(8) };
  if (text.startsWith("WAIT_")) return { kind: "later", waitMs: Number(text.slice(5)) };
  return text === "" ? { kind: "fatal" } : { kind: "later", waitMs: null };
}

/** One account over its restarts. */
export class Rig {
  readonly server = new ModelServer();
  readonly caughtUp: CaughtUp[] = [];
  readonly trouble: UpdateTrouble[] = [];
  readonly errors: unknown[] = [];
  store: SessionStore;
  engine: UpdateEngine;
  /** Number of next commits that fail. */
  brokenCommits = 0;
  onArrived: () => void = () => {};
  /** What a test adds to the clocks of this host, in milliseconds. */
  passedMs = 0;
  jumpedMs = 0;
  readonly #open: () => SessionStore;
  readonly timings: { -readonly [key in keyof EngineTimings]: EngineTimings[key] };
  #abort = new AbortController();
  #running: Promise<void> | null = null;

  private constructor(open: () => SessionStore, timings: EngineTimings) {
    this.#open = open;
    this.timings = { ...timings };
    this.store = open();
    this.engine = this.#engine();
  }

  static async create(timings: Partial<EngineTimings> = {}): Promise<Rig> {
    const dir = await testDir();
    const fleetKey = randomBytes(32);
    const rig = new Rig(() => openSession({ dir, name: "w", fleetKey }), { ...QUICK, ...timings });
    onTestFinished(() => rig.dispose());
    return rig;
  }

  /** Disposes of everything; for many rigs in one test. */
  async dispose(): Promise<void> {
    await this.stop();
    this.store.close();
  }

  /** Connects and waits until it has caught up. */
  async start(): Promise<CaughtUp> {
    const before = this.caughtUp.length;
    this.begin();
    const errors = this.errors.length;
    await waitFor(() => this.caughtUp.length > before || this.errors.length > errors, {
      what: "caught up",
      intervalMs: 1,
    });
    if (this.errors.length > errors) throw this.errors.at(-1);
    return this.caughtUp.at(-1) as CaughtUp;
  }

  /** Connects, unless it is connected. */
  begin(): void {
    if (this.#running) return;
    this.#abort = new AbortController();
    const ended = (...errors: unknown[]): void => {
      this.errors.push(...errors);
      this.#running = null;
    };
    this.#running = this.engine.run(this.server, this.#abort.signal).then(() => ended(), ended);
  }

  /** The connection is lost. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** The process dies and another one takes the file. */
  async crash(): Promise<void> {
    await this.stop();
    this.store.close();
    this.store = this.#open();
    this.engine = this.#engine();
  }

  push(...updates: readonly (Update | null)[]): void {
    this.engine.feed(this.server.envelope(updates.filter((update) => update !== null)));
  }

  /** Messages of the inbox as `box/id`, in the order of arrival. */
  inbox(kind = "new"): string[] {
    const rows = this.store.updates.pending(100_000).filter((row) => row.kind === kind);
    return rows.map(({ box, messageId }) => `${box}/${messageId}`);
  }

  /** Waits until the inbox has exactly what the server has. */
  async complete(): Promise<void> {
    const wanted = this.server.everything().join();
    await waitFor(() => this.inbox().sort().join() === wanted, {
      what: `inbox ${wanted}`,
      intervalMs: 1,
    });
  }

  #engine(): UpdateEngine {
    const { updates } = this.store;
    const table: EngineOptions["table"] = {
      sources: updates.sources,
      account: () => updates.account(),
      floor: () => updates.floor(),
      has: (box, messageId) => updates.has(box, messageId),
      channels: () => updates.channels(),
      addOutage: (outage) => updates.addOutage(outage),
      countAfter: (chat, id) => updates.countAfter(chat, id),
      commit: (...args) => {
        if (this.brokenCommits-- > 0) throw new AppError("sqlite-full", "The disk is full.");
        return updates.commit(...args);
      },
    };
    return new UpdateEngine({
      table,
      wants: () => true,
      judge,
      log: () => {},
      clock: {
        now: () => systemClock.now() + this.passedMs + this.jumpedMs,
        monotonicMs: () => systemClock.monotonicMs() + this.passedMs,
      },
      timings: this.timings,
      on: {
        caughtUp: (result) => this.caughtUp.push(result),
        trouble: (trouble) => this.trouble.push(trouble),
        arrived: () => this.onArrived(),
      },
    });
  }
}
