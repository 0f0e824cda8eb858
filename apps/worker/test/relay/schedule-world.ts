import type { Confirmation, Delivery } from "@flotilla/contracts";
import { FileReader } from "@flotilla/files";
import { type Clock, parseWorkerId, systemClock } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import { type InboxEvent, openSession, type SessionStore } from "@flotilla/session-store";
import { expect } from "vitest";
import { Dispatcher } from "../../src/relay/dispatcher.ts";
import { RelayFiles } from "../../src/relay/files.ts";
import { Intake } from "../../src/relay/intake.ts";
import { RouteBook } from "../../src/relay/route-book.ts";
import { Sender } from "../../src/relay/sender.ts";
import { TargetNames } from "../../src/relay/target-names.ts";
import { FLEET_KEY, post, route, Targets } from "./world.ts";

const log = createLogger({ name: "test", level: "silent" });
const READER = parseWorkerId("reader");
const SOURCE = "-1000000000001";
const LONG = Array.from({ length: 900 }, (_, n) => `word${n}`).join(" ");
const ALBUM = { media: { kind: "photo" } };

/** The end of an attempt: an error code of Telegram, a lost answer, or success. */
export type Fault =
  | "none"
  | "lost"
  | "SOMETHING_NEW_2027"
  | "MESSAGE_TOO_LONG"
  | "SLOWMODE_WAIT_3"
  | "CHAT_WRITE_FORBIDDEN"
  | "surprise";
/** One step of a schedule. */
export type Step =
  | { readonly op: "post"; readonly kind: "short" | "long" | "album" | "answer" }
  | { readonly op: "edit" | "delete"; readonly of: number; readonly isLong: boolean }
  | {
      readonly op: "carry";
      readonly fault: Fault;
      readonly after: number;
      readonly isConfirmed: boolean;
    }
  | { readonly op: "lose" | "kill reader" | "kill sender" | "wake" | "retry" }
  | { readonly op: "wait"; readonly ms: number };

interface Said {
  readonly id: number;
  text: string;
  isGone: boolean;
  /** It was refused once: later messages may precede it. */
  isRefused: boolean;
  /** Its id in the target is unknown: edits and deletions cannot follow. */
  isUntold: boolean;
  /** The target refused one of its parts. */
  isCut: boolean;
  readonly isPhoto: boolean;
  readonly more: object;
}

/** Source, reader with its outbox, wire, sender, target, and a clock that the test moves. */
export class World implements Disposable {
  readonly targets = new Targets();
  readonly said: Said[] = [];
  readonly #dir: string;
  readonly #at = { wall: 1_800_000_000_000, mono: 1000 };
  readonly #wire = new Map<string, Delivery>();
  readonly #clock: Clock = { now: () => this.#at.wall, monotonicMs: () => this.#at.mono };
  #version = 0;
  #reader!: SessionStore;
  #sending!: SessionStore;
  #dispatcher!: Dispatcher;
  #intake!: Intake;
  #sender!: Sender;

  constructor(dir: string) {
    this.#dir = dir;
    this.startReader();
    this.#reader.relay.setRoutes({ version: 1, body: JSON.stringify([route()]) });
    this.startReader();
    this.startSender();
  }

  startReader(): void {
    this.#dispatcher?.close();
    this.#reader?.close();
    this.#reader = openSession({
      dir: this.#dir,
      name: "reader",
      fleetKey: FLEET_KEY,
      clock: this.#clock,
    });
    const { relay, routeStops: stops } = this.#reader;
    const book = new RouteBook(this.#reader, log);
    this.#intake = new Intake(this.#reader, book, {
      worker: READER,
      now: this.#clock.now,
      onLoop: () => {},
    });
    this.#dispatcher = new Dispatcher({
      worker: READER,
      relay,
      stops,
      route: (id) => book.route(id),
      hand: async (delivery) => void this.#wire.set(delivery.id, delivery),
      fetch: async () => [],
      forget: () => {},
      judgeAlbum: (id, pieces) => this.#intake.judgeAlbum(id, pieces),
      telegramNow: () => this.#at.wall,
      faultOf: this.targets.port("reader").faultOf,
      clock: this.#clock,
      log,
    });
  }

  startSender(): void {
    this.#sending?.close();
    this.#sending = openSession({
      dir: this.#dir,
      name: "sender",
      fleetKey: FLEET_KEY,
      clock: this.#clock,
    });
    const telegram = this.targets.port("sender");
    const files = new RelayFiles(
      this.#dir,
      telegram.files,
      new FileReader({ dataDir: this.#dir, fleetKey: FLEET_KEY, clock: systemClock }),
    );
    this.#sender = new Sender({
      relay: this.#sending.relay,
      names: new TargetNames(this.#sending.chatPins, telegram),
      telegram,
      files,
      now: this.#clock.now,
      log,
    });
  }

  async take(step: Step): Promise<void> {
    switch (step.op) {
      case "post":
        return this.#post(step.kind);
      case "edit":
      case "delete":
        return this.#change(step.op, step.of, step.isLong);
      case "carry":
        return await this.#carry(step.fault, step.isConfirmed, step.after);
      case "lose":
        return void this.#wire.delete([...this.#wire.keys()][0] ?? "");
      case "kill reader":
        return this.startReader();
      case "kill sender":
        return this.startSender();
      case "wake":
        return this.#dispatcher.wake("signals");
      case "retry":
        this.#reader.relay.outbox.retryPoison("signals");
        return this.#dispatcher.wake("signals");
      case "wait":
        return this.#wait(step.ms);
      default:
        return step satisfies never;
    }
  }

  /** Ends all faults, retries what was set aside and runs until nothing is left to deliver. */
  async settle(): Promise<void> {
    for (let round = 0; round < 400; round++) {
      this.#wait(610_000);
      await new Promise((resolve) => setImmediate(resolve));
      while (this.#wire.size > 0) await this.#carry("none", true);
      if (this.#reader.relay.outbox.depths().length === 0) return;
      if (this.#reader.relay.outbox.head("signals") === null) await this.take({ op: "retry" });
    }
    expect(this.#reader.relay.outbox.depths(), "the route stands").toEqual([]);
  }

  #post(kind: "short" | "long" | "album" | "answer"): void {
    const first = this.said.length + 1;
    const count = kind === "album" ? 3 : 1;
    for (let id = first; id < first + count; id++) {
      const text = `m${id}v0${kind === "long" ? ` ${LONG}` : ""}`;
      const isPhoto = kind === "album";
      const replyTo = kind === "answer" && id > 1 ? id - 1 : null;
      const more = isPhoto ? { ...ALBUM, groupedId: String(first) } : { replyTo };
      this.said.push({
        id,
        text,
        isGone: false,
        isRefused: false,
        isUntold: false,
        isCut: false,
        isPhoto,
        more,
      });
      this.#receive(post(id, text, more));
    }
  }

  #change(op: "edit" | "delete", of: number, isLong: boolean): void {
    const message = this.said.at(-1 - of);
    if (!message || message.isGone) return;
    this.#version += 1;
    const text = `m${message.id}v${this.#version}${isLong && !message.isPhoto ? ` ${LONG}` : ""}`;
    const event = { ...post(message.id, text, message.more), version: this.#version };
    if (op === "edit") message.text = text;
    else message.isGone = true;
    this.#receive(
      op === "edit" ? { ...event, kind: "edit" } : { ...event, kind: "delete", content: null },
    );
  }

  #receive(event: InboxEvent): void {
    this.#reader.updates.commit(
      { events: [{ ...event, date: this.#at.wall }] },
      (chat) => chat === SOURCE,
    );
    while (this.#intake.step() > 0);
    this.#dispatcher.pump(["signals"]);
  }

  async #carry(fault: Fault, isConfirmed: boolean, after = 0): Promise<void> {
    const [delivery] = this.#wire.values();
    if (!delivery) return;
    this.#wire.delete(delivery.id);
    const isRefused = fault !== "none" && fault !== "lost";
    // An album is one call; a long text is one call per message.
    const passing = delivery.step.kind === "forward" ? 0 : after;
    let calls = 0;
    const answer = (): Error | null => (isRefused && ++calls > passing ? new Error(fault) : null);
    this.targets.fault = answer;
    this.targets.onEdit = () => {
      const refused = answer();
      if (refused) throw refused;
    };
    this.targets.lost = fault === "lost" ? 1 : 0;
    const confirmation: Confirmation = await this.#sender.perform(delivery);
    this.targets.fault = () => null;
    this.targets.onEdit = () => {};
    this.targets.lost = 0;
    const { result } = confirmation;
    const { source, step } = delivery;
    const partly = result.kind === "failed" ? result.sent : undefined;
    const sent = result.kind === "done" ? result : partly;
    const rest = (sent?.rest ?? []).filter((_id, n) => !sent?.refused?.includes(n));
    const isUntold = fault === "lost" || [...(sent?.ids ?? []), ...rest].includes(null);
    for (const each of this.said.filter(
      ({ id }) => source.id === id || (step.kind === "forward" && step.ids.includes(id)),
    )) {
      each.isUntold ||= isUntold;
      each.isCut ||= sent?.refused !== undefined;
      each.isRefused ||= result.kind !== "done" && result.kind !== "parked";
    }
    if (isConfirmed) this.#dispatcher.confirmed(confirmation);
  }

  #wait(ms: number): void {
    this.#at.mono += ms;
    this.#at.wall += ms;
    this.#dispatcher.pump(["signals"]);
    this.#dispatcher.repeat();
  }

  [Symbol.dispose](): void {
    this.#dispatcher.close();
    this.#reader.close();
    this.#sending.close();
  }
}
