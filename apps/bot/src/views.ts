import { STATUS_STALE_MS, type WorkerStatus } from "@flotilla/contracts";
import type { Clock, WorkerId } from "@flotilla/kernel";
import { type RedisTrouble, type StatusReader, troubleOf } from "@flotilla/queue";
import type { AlertStore } from "./alerts/alert-store.ts";
import type { CardStore } from "./alerts/card-store.ts";
import type { SentLog } from "./alerts/sent-log.ts";
import type { RollupStore } from "./charts/rollup-store.ts";
import type { RelayScreens } from "./relay/relay-screens.ts";
import type { RouteWizard } from "./relay/wizard/route-wizard.ts";
import type { HealthView } from "./screens/health.ts";
import type { ConfiguredLimits } from "./screens/limits.ts";
import type { Screen } from "./screens/screen.ts";
import type { FleetView, WorkerView } from "./screens/view.ts";
import type { AdminStore } from "./store/admins.ts";
import type { AuditStore } from "./store/audit.ts";
import type { BulkStore } from "./store/bulks.ts";
import type { CommandStore } from "./store/commands.ts";
import type { PlaceStore } from "./store/places.ts";
import type { SettingStore } from "./store/settings.ts";
import { EVERYBODY, type SilenceStore } from "./store/silences.ts";
import type { WorkerStore } from "./store/workers.ts";
import type { Wizard } from "./wizard/wizard.ts";
import type { Words } from "./words/words.ts";

/** Where a view comes from. */
export interface ViewSources {
  readonly statuses: Pick<StatusReader, "all">;
  readonly workers: WorkerStore;
  readonly commands: CommandStore;
  readonly alerts: AlertStore;
  readonly cards: CardStore;
  readonly sent: SentLog;
  readonly silences: SilenceStore;
  readonly settings: SettingStore;
  readonly admins: AdminStore;
  readonly places: PlaceStore;
  readonly audit: AuditStore;
  readonly bulks: BulkStore;
  readonly wizard: Wizard;
  readonly clock: Clock;
  readonly rollups: RollupStore;
  readonly relayScreens: RelayScreens;
  readonly routeWizard: RouteWizard;
  readonly limits: ConfiguredLimits;
  /** The language of a chat. */
  readonly wordsOf: (chat: string) => Words;
  /** What only the running process knows. */
  readonly signs: () => Pick<
    HealthView,
    "redisAwaySince" | "redisTrouble" | "pollProblemSince" | "pingedAt" | "secondPath"
  >;
}

const DAY_MS = 24 * 3_600_000;

/** Collects what screens show. Keeps the last known statuses for when Redis is away. */
export class Views {
  readonly #from: ViewSources;
  #known: ReadonlyMap<WorkerId, WorkerStatus> = new Map();
  #redisMs: number | null = null;
  #trouble: RedisTrouble | null = null;

  constructor(from: ViewSources) {
    this.#from = from;
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

  /** What Health knows beyond the fleet. */
  health(now: number): HealthView {
    const { alerts, sent, admins, signs } = this.#from;
    const week = alerts.history(now - 7 * DAY_MS);
    return {
      ...signs(),
      redisMs: this.#redisMs,
      lockAlerts: week.filter(({ body }) => body.kind === "locked" || body.kind === "storage")
        .length,
      sent: sent.count(now - 7 * DAY_MS),
      unreachable: admins
        .all()
        .filter((admin) => !admin.reachable)
        .map((admin) => admin.name),
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
  async of(chat: string, screen: Screen): Promise<FleetView> {
    const { workers, commands, alerts, admins, silences, wizard, clock } = this.#from;
    await this.look();
    // One that answers and refuses writes has old statuses as well.
    const trouble = this.#trouble ?? this.#from.signs().redisTrouble ?? null;
    const now = clock.now();
    const silent = silences.active(now);
    const days = this.#from.rollups.lastDay(now);
    const open = alerts.allOpen();
    const login = screen.kind === "login" ? wizard.ofChat(chat) : null;
    return {
      now,
      trouble,
      words: this.#from.wordsOf(chat),
      // In a group the buttons are those of everybody; each press is checked by itself.
      role: admins.role(chat) ?? "operator",
      openAlerts: open.length,
      silences: silent.filter((each) => each.scope === EVERYBODY),
      wizard: login,
      digits: login ? wizard.digits(login.admin) : 0,
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
