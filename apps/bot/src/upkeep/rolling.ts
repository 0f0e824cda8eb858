import type { Asker, HostRow, WorkerStatus } from "@flotilla/contracts";
import { type Clock, parseHostId } from "@flotilla/kernel";
import type { CommandSender } from "@flotilla/queue";
import type { AlertStore } from "../alerts/alert-store.ts";
import type { Said } from "../kit/words/said.ts";
import type { Bulk } from "../workers/bulk-run.ts";
import type { BulkStore } from "../workers/bulk-store.ts";
import { DEADLINE_MS } from "../workers/commands.ts";
import type { WorkerStore } from "../workers/worker-store.ts";
import { advance } from "./advance.ts";
import type { OwnBot, Plan } from "./plan.ts";
import { commandOf, type Roll, stepInHand } from "./roll.ts";
import type { RollStore } from "./roll-store.ts";

export interface RollingDeps {
  readonly rolls: RollStore;
  readonly bulk: Bulk;
  readonly bulks: BulkStore;
  readonly workers: WorkerStore;
  readonly alerts: AlertStore;
  readonly sender: CommandSender;
  readonly clock: Clock;
  readonly own: OwnBot;
  /** Ends this process, so that what keeps it starts it again. */
  readonly endBot: () => void;
}

/**
 * Carries out rolling restarts, one at a time. Each step is written down before it is asked for,
 * and asked for under one id: a bot that died in between asks once more, and nothing is done twice.
 */
export class Rolling {
  readonly #deps: RollingDeps;
  readonly #since: number;
  /** Steps that this process has asked for. */
  readonly #asked = new Set<string>();

  constructor(deps: RollingDeps) {
    this.#deps = deps;
    this.#since = deps.clock.now();
  }

  /** Begins it; the same `id` twice is the same wish. */
  begin(plan: Plan, asker: Asker, id: string): void {
    const { rolls, alerts, clock } = this.#deps;
    if (rolls.find(id)) return;
    const askedAt = clock.now();
    rolls.save({
      id,
      asker,
      askedAt,
      steps: [...plan.steps],
      leftOut: [...plan.leftOut],
      failed: [],
      lost: lostSince(alerts, askedAt),
      stopping: false,
      end: null,
    });
  }

  /** Ends it after the step in hand, and that after the worker in hand. Answers as `Bulk.cancel`. */
  async stop(roll: Roll, asker: Asker, id: string): Promise<Said | null> {
    const { rolls, bulks, bulk } = this.#deps;
    const hand = stepInHand(roll);
    const running = hand === null ? null : bulks.find(commandOf(roll, hand.n));
    rolls.save({ ...roll, stopping: true });
    return running && hand?.step.kind === "workers" ? await bulk.cancel(running, asker, id) : null;
  }

  /**
   * One look at the one that is under way. `rows` and `statuses` as Redis says now. Rejects with
   * AppError `redis-away`: the next look asks again.
   */
  async look(rows: readonly HostRow[], statuses: readonly WorkerStatus[]): Promise<void> {
    const { rolls, bulks, alerts, clock, own } = this.#deps;
    const roll = rolls.underWay();
    if (!roll) return;
    const known = new Map(statuses.map((status) => [status.worker, status]));
    const next = advance(roll, {
      now: clock.now(),
      since: this.#since,
      botRun: own.run,
      status: (worker) => known.get(worker) ?? null,
      row: (host) => rows.find((row) => row.host === host) ?? null,
      bulk: (id) => bulks.find(id),
      isLossFree: ({ askedAt, lost }) =>
        Object.entries(lostSince(alerts, askedAt)).every(([n, count]) => count <= (lost[n] ?? 0)),
    });
    if (next !== roll) rolls.save(next);
    await this.#ask(next);
  }

  async #ask(roll: Roll): Promise<void> {
    const hand = roll.end ? null : stepInHand(roll);
    if (hand?.step.state !== "begun") return;
    const id = commandOf(roll, hand.n);
    if (this.#asked.has(id)) return;
    await this.#send(roll, hand.step, id);
    this.#asked.add(id);
  }

  async #send(
    { asker }: Roll,
    step: NonNullable<ReturnType<typeof stepInHand>>["step"],
    id: string,
  ): Promise<void> {
    const { bulk, workers, sender, clock, endBot } = this.#deps;
    const now = clock.now();
    switch (step.kind) {
      case "trial":
      case "workers": {
        const names: readonly string[] = step.kind === "trial" ? [step.worker] : step.workers;
        const chosen = workers.all().filter((worker) => names.includes(worker.id));
        return await bulk.begin("restart", chosen, asker, id);
      }
      case "supervisor":
        return await sender.toHost(parseHostId(step.host), {
          v: 1,
          kind: "start-again",
          id,
          run: step.run,
          askedBy: asker,
          askedAt: now,
          deadlineAt: now + DEADLINE_MS,
        });
      case "bot":
        return endBot();
      default:
        return step satisfies never;
    }
  }
}

/** Messages that each alert of a loss counts which is open, or was since then. */
function lostSince(alerts: AlertStore, since: number): Record<string, number> {
  const losses = alerts.history(since).filter(({ body }) => body.kind === "gap");
  return Object.fromEntries(losses.map(({ n, body }) => [n, Number(body.title.args["lost"] ?? 1)]));
}
