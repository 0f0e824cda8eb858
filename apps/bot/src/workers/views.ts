import { STATUS_STALE_MS, type WorkerStatus } from "@flotilla/contracts";
import type { Clock, WorkerId } from "@flotilla/kernel";
import { type RedisTrouble, type StatusReader, troubleOf } from "@flotilla/queue";
import type { Verb } from "../kit/button.ts";
import type { Role } from "../kit/roles.ts";
import type { Words } from "../kit/words/words.ts";
import type { CommandStore } from "./command-store.ts";
import type { DayView, FleetView, SilenceView, WorkerView } from "./view.ts";
import type { WorkerStore } from "./worker-store.ts";

/** Where a view comes from. */
export interface ViewSources {
  readonly statuses: Pick<StatusReader, "all">;
  readonly workers: WorkerStore;
  readonly commands: CommandStore;
  readonly clock: Clock;
  readonly alerts: {
    allOpen(): readonly { readonly body: { readonly worker: WorkerId | null } }[];
  };
  /** `scope` of all: `*`. */
  readonly silences: { active(now: number): readonly (SilenceView & { readonly scope: string })[] };
  readonly rollups: { lastDay(now: number): ReadonlyMap<string, DayView> };
  readonly admins: { role(id: string): Role | null };
  /** The language of a chat. */
  readonly wordsOf: (chat: string) => Words;
  /** Whether a role may press a button. */
  readonly may: (role: Role, verb: Verb) => boolean;
  /** Redis answers and refuses writes. */
  readonly redisTrouble: () => RedisTrouble | null;
}

/** Collects what screens show. Keeps the last known statuses for when Redis is away. */
export class Views {
  readonly #from: ViewSources;
  #known: ReadonlyMap<WorkerId, WorkerStatus> = new Map();
  #redisMs: number | null = null;
  #trouble: RedisTrouble | null = null;

  constructor(from: ViewSources) {
    this.#from = from;
  }

  /** How long the last look took, in milliseconds; null when Redis is away. */
  get redisMs(): number | null {
    return this.#redisMs;
  }

  /** Whether the worker has a process, as far as is known. */
  runs(worker: WorkerId): boolean {
    return (this.#known.get(worker)?.pid ?? null) !== null;
  }

  /** Every status that is known, which may be old. */
  known(): readonly WorkerStatus[] {
    return [...this.#known.values()];
  }

  /** What is known of a worker, which may be old. */
  lastStatus(worker: WorkerId): WorkerStatus | null {
    return this.#known.get(worker) ?? null;
  }

  /** Last known statuses of the workers of the list, and whether they are fresh. */
  async look(): Promise<{ readonly statuses: readonly WorkerStatus[]; readonly fresh: boolean }> {
    const { clock, statuses } = this.#from;
    const askedAt = clock.monotonicMs();
    const fresh = await statuses.all().then(
      (all) => {
        this.#known = all;
        this.#redisMs = clock.monotonicMs() - askedAt;
        this.#trouble = null;
        return true;
      },
      (error: unknown) => {
        this.#redisMs = null;
        this.#trouble = troubleOf(error);
        return false;
      },
    );
    return {
      fresh,
      statuses: this.#from.workers.all().flatMap(({ id }) => this.#known.get(id) ?? []),
    };
  }

  /** A status that is too old is shown as such: its supervisor is gone or cannot be reached. */
  #stateOf(
    worker: WorkerId,
    fresh: boolean,
    now: number,
  ): Pick<WorkerView, "status" | "staleSince"> {
    const status = this.#known.get(worker) ?? null;
    const stale = fresh && status !== null && now - status.updatedAt > STATUS_STALE_MS;
    return { status, staleSince: stale ? status.updatedAt : null };
  }

  /** Everything that a screen of this chat may show, as things are now. */
  async of(chat: string): Promise<FleetView> {
    const { workers, commands, alerts, admins, silences, clock, may } = this.#from;
    await this.look();
    // One that answers and refuses writes has old statuses as well.
    const trouble = this.#trouble ?? this.#from.redisTrouble();
    const now = clock.now();
    const silent = silences.active(now);
    const days = this.#from.rollups.lastDay(now);
    const open = alerts.allOpen();
    // In a group the buttons are those of everybody; each press is checked by itself.
    const role = admins.role(chat) ?? "operator";
    return {
      now,
      trouble,
      chat,
      role,
      may: (verb) => may(role, verb),
      words: this.#from.wordsOf(chat),
      openAlerts: open.length,
      silences: silent.filter((each) => each.scope === "*"),
      workers: workers.all().map((row) => ({
        ...row,
        ...this.#stateOf(row.id, trouble === null, now),
        day: days.get(row.id) ?? null,
        command: commands.latest(row.id),
        openAlerts: open.filter(({ body }) => body.worker === row.id).length,
        silences: silent.filter((each) => each.scope === row.id),
      })),
    };
  }
}
