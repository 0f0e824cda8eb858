import type { Asker, HostCommand, OwnRules, Sealed, WorkerCommand } from "@flotilla/contracts";
import { AppError, type Clock, type HostId, type WorkerId } from "@flotilla/kernel";
import { type CommandSender, troubleOf } from "@flotilla/queue";
import { type Said, say } from "../kit/words/said.ts";
import type { CommandStore } from "./command-store.ts";
import type { WorkerStore } from "./worker-store.ts";

/** What became of a press at once. The outcome comes later, as an event. */
export type AskResult =
  | { readonly kind: "sent"; readonly id: string }
  | { readonly kind: "already"; readonly by: string; readonly id: string }
  | { readonly kind: "failed"; readonly why: Said };

/** Milliseconds after which a command expires; the card says so. */
export const DEADLINE_MS = 60_000;

/** Login steps of a wizard, with what they carry. */
export type LoginVerb =
  | {
      readonly kind:
        | "login.begin"
        | "login.cancel"
        | "login.keep"
        | "login.session"
        | "login.adopt";
    }
  | { readonly kind: "login.resend"; readonly fresh?: true }
  | { readonly kind: "login.qr"; readonly publicKey: string }
  | { readonly kind: "login.phone" | "login.code" | "login.password"; readonly sealed: Sealed };

/** Parts of {@link Commands}. */
export interface CommandDeps {
  readonly sender: CommandSender;
  readonly store: CommandStore;
  readonly workers: WorkerStore;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Whether the worker is between two hosts: only its move may ask for anything. */
  readonly isMoving?: (worker: WorkerId) => boolean;
}

/** The answer to a press. */
export function toastOf(result: AskResult): Said {
  if (result.kind === "sent") return say("toast-queued");
  return result.kind === "already" ? say("toast-already", { by: result.by }) : result.why;
}

/** Host commands that say nothing but which worker is meant. */
type PlainVerb = Exclude<
  HostCommand["kind"],
  "bulk" | "bulk.cancel" | "restore" | "rules" | "stop-holder" | "record.take" | `move.${string}`
>;

type HostWish =
  | { readonly kind: Exclude<PlainVerb, "log"> }
  | { readonly kind: "log"; readonly lines: number }
  | { readonly kind: "record.take"; readonly at: number }
  | { readonly kind: "restore"; readonly copy: string }
  | { readonly kind: "rules"; readonly rules: OwnRules }
  | { readonly kind: "stop-holder"; readonly pid: number };

/** What a command about a route says besides who asks. */
export type RelayWish = RelayPartOf<WorkerCommand>;
type RelayPartOf<C> = C extends { readonly kind: `relay.${string}` }
  ? Omit<C, keyof CommandBase>
  : never;

/** Who asks. The same `id` twice is the same wish. */
export interface By {
  readonly asker: Asker;
  readonly id: string;
}

/**
 * Gives commands: written down first, sent once, answered by an event or given up after the
 * deadline.
 */
export class Commands {
  readonly #deps: CommandDeps;

  constructor(deps: CommandDeps) {
    this.#deps = deps;
  }

  /** For the supervisor of the worker's host. The same `id` twice is the same wish. */
  async askHost(
    verb: PlainVerb,
    worker: WorkerId,
    asker: Asker,
    id = this.#deps.newId(),
  ): Promise<AskResult> {
    return await this.#askHost(
      worker,
      { asker, id },
      verb === "log" ? { kind: verb, lines: 200 } : { kind: verb },
    );
  }

  /**
   * A verified copy of the session: made by the worker over its own connection while it runs, else
   * by its host.
   */
  async backup(worker: WorkerId, runs: boolean, by: By): Promise<AskResult> {
    if (!runs) return await this.#askHost(worker, by, { kind: "backup" });
    return await this.#ask({ ...by, verb: "backup", worker }, (base) =>
      this.#deps.sender.toWorker({ ...base, kind: "backup" }),
    );
  }

  /** The same, when the session changed since its newest copy. */
  async copy(worker: WorkerId, runs: boolean, by: By): Promise<AskResult> {
    if (!runs) return await this.#askHost(worker, by, { kind: "copy" });
    return await this.#ask({ ...by, verb: "copy", worker }, (base) =>
      this.#deps.sender.toWorker({ ...base, kind: "copy" }),
    );
  }

  /** Puts a copy in the place of the session. */
  async restore(worker: WorkerId, copy: string, by: By): Promise<AskResult> {
    return await this.#askHost(worker, by, { kind: "restore", copy });
  }

  /** What a host that lost its host.db would get from a backup, or that it gets nothing. */
  async record(what: "look" | "leave", worker: WorkerId, by: By): Promise<AskResult> {
    return await this.#askHost(worker, by, { kind: `record.${what}` });
  }

  /** Takes over what such a host gets from the backup of this time, in milliseconds. */
  async takeRecord(at: number, worker: WorkerId, by: By): Promise<AskResult> {
    return await this.#askHost(worker, by, { kind: "record.take", at });
  }

  /** Restart rules of its own for a worker, in place of those it had; none: the fleet's. */
  async setRules(worker: WorkerId, rules: OwnRules, by: By): Promise<AskResult> {
    return await this.#askHost(worker, by, { kind: "rules", rules });
  }

  /** Ends a process of ours that has the session file open. */
  async stopHolder(worker: WorkerId, pid: number, by: By): Promise<AskResult> {
    return await this.#askHost(worker, by, { kind: "stop-holder", pid });
  }

  /** One step of a move, for the host that does it. */
  async moveStep(
    verb: "move.pack" | "move.unpack" | "move.clear" | "move.drop" | "start",
    host: HostId,
    { worker, move, by }: { readonly worker: WorkerId; readonly move: string; readonly by: By },
  ): Promise<AskResult> {
    const wish = verb === "start" ? { kind: verb } : { kind: verb, move };
    return await this.#ask({ ...by, verb, worker }, (base) =>
      this.#deps.sender.toHost(host, { ...base, ...wish } as HostCommand),
    );
  }

  async #askHost(worker: WorkerId, by: By, wish: HostWish): Promise<AskResult> {
    const row = this.#deps.workers.find(worker);
    if (!row) return { kind: "failed", why: say("problem-no-worker") };
    if (row.hostGone) return { kind: "failed", why: say("problem-host-gone", { host: row.host }) };
    if (this.#deps.isMoving?.(worker) === true)
      return { kind: "failed", why: say("problem-moving", { worker }) };
    return await this.#ask({ ...by, verb: wish.kind, worker }, (base) =>
      this.#deps.sender.toHost(row.host, { ...base, ...wish } as HostCommand),
    );
  }

  /** Something that the worker does with its own connection. */
  async askWorker(
    verb: "check" | "devices" | "logout",
    worker: WorkerId,
    { asker, id }: By,
  ): Promise<AskResult> {
    return await this.#ask({ id, verb, worker, asker }, (base) =>
      this.#deps.sender.toWorker({ ...base, kind: verb }),
    );
  }

  /** Lets the account send again that Telegram had stopped. */
  async resumeSending(worker: WorkerId, by: By): Promise<AskResult> {
    return await this.#ask({ ...by, verb: "resume-sending", worker }, (base) =>
      this.#deps.sender.toWorker({ ...base, kind: "resume-sending" }),
    );
  }

  /** Whether another host takes the worker over when its own is lost. */
  async float(on: boolean, worker: WorkerId, by: By): Promise<AskResult> {
    return await this.#ask({ ...by, verb: "float", worker }, (base) =>
      this.#deps.sender.toWorker({ ...base, kind: "float", on }),
    );
  }

  /** Another way to Telegram for a worker; null: the one of its host. */
  async setProxy(worker: WorkerId, sealed: Sealed | null, by: By): Promise<AskResult> {
    return await this.#ask({ ...by, verb: "proxy", worker }, (base) =>
      this.#deps.sender.toWorker({ ...base, kind: "proxy", sealed }),
    );
  }

  /** Something about a route, carried out by its reader. */
  async relay(wish: RelayWish, worker: WorkerId, by: By): Promise<AskResult> {
    return await this.#ask({ ...by, verb: wish.kind, worker }, (base) =>
      this.#deps.sender.toWorker({ ...base, ...wish } as WorkerCommand),
    );
  }

  /** One step of a login, carried out by the worker. */
  async login(
    verb: LoginVerb,
    worker: WorkerId,
    loginId: string,
    asker: Asker,
  ): Promise<AskResult> {
    return await this.#ask({ id: this.#deps.newId(), verb: verb.kind, worker, asker }, (base) =>
      this.#deps.sender.toWorker({ ...base, ...verb, loginId } as WorkerCommand),
    );
  }

  /** Leaves a session for the worker of a login, sealed. Throws AppError `redis-away`. */
  async leaveParcel(loginId: string, sealed: Buffer): Promise<void> {
    await this.#deps.sender.leaveParcel(loginId, sealed);
  }

  async #ask(wish: Wish, send: (base: CommandBase) => Promise<void>): Promise<AskResult> {
    const { store, clock } = this.#deps;
    const { id, verb, worker, asker } = wish;
    const now = clock.now();
    const open = store.ask(id, worker, verb, asker, now);
    if (open?.id === id) return { kind: "sent", id };
    if (open) return { kind: "already", by: open.askerName, id: open.id };
    try {
      await send({ v: 1, id, worker, askedBy: asker, askedAt: now, deadlineAt: now + DEADLINE_MS });
      return { kind: "sent", id };
    } catch (error) {
      const message = error instanceof AppError ? error.message : "The command could not be sent.";
      const code =
        error instanceof AppError && error.code === "redis-away"
          ? `redis-${troubleOf(error)}`
          : "not-sent";
      store.end(id, { kind: "failed", code, message }, clock.now());
      return { kind: "failed", why: say(`problem-${code}`) };
    }
  }
}

/** What is asked for. The same id twice is the same wish. */
interface Wish {
  readonly id: string;
  readonly verb: string;
  readonly worker: WorkerId;
  readonly asker: Asker;
}

interface CommandBase {
  readonly v: 1;
  readonly id: string;
  readonly worker: WorkerId;
  readonly askedBy: Asker;
  readonly askedAt: number;
  readonly deadlineAt: number;
}
