import type {
  ErrorClass,
  ReportedState,
  RestartDecision,
  StateWith,
  WorkerState,
} from "@flotilla/contracts";

/** The state after a stop: stopped by an admin, or in maintenance. */
export type StoppedAs = StateWith<"isStopped", true>;

/**
 * A worker's state, as its supervisor knows it: one of seventeen states, and whether a process
 * exists. Impossible combinations are not values of this type. Only {@link transition} makes the
 * next value, and only the supervisor calls it.
 */
export type WorkerLife =
  /** No process, and none desired. */
  | { readonly process: "none"; readonly state: StoppedAs }
  /**
   * No process until `until` (milliseconds since the epoch): after a crash, or while another
   * process holds the session.
   */
  | {
      readonly process: "none";
      readonly state: "BACKOFF" | "LOCKED" | "IN_USE";
      readonly until: number;
    }
  /** No process until an admin acts or, in BROKEN, until the session file is usable again. */
  | { readonly process: "none"; readonly state: "GAVE_UP" | "BROKEN" | "BANNED" | "NEEDS_LOGIN" }
  /** A process runs and reported this state. */
  | { readonly process: "up"; readonly state: ReportedState }
  /** The process was asked to end. */
  | { readonly process: "ending"; readonly state: "STOPPING"; readonly as: StoppedAs };

/** The inputs of {@link transition}. */
export type LifeEvent =
  | { readonly kind: "spawned" }
  /** The process reports its state. */
  | { readonly kind: "reported"; readonly state: ReportedState }
  /** An admin stops the worker, or the host ends. */
  | { readonly kind: "stop-wanted"; readonly as: StoppedAs }
  /** The kernel reported the end of a process that was asked to end. */
  | { readonly kind: "ended" }
  /** The kernel reported an unrequested exit, and the restart policy decided at `now`. */
  | {
      readonly kind: "exited";
      readonly class: ErrorClass;
      readonly decision: RestartDecision;
      readonly now: number;
    };

/** An event that is impossible in this state. The caller reports it; the state does not change. */
export interface RefusedEvent {
  readonly refused: true;
  readonly state: WorkerState;
  readonly event: LifeEvent["kind"];
}

/** The state of a new worker. */
export const NOT_STARTED: WorkerLife = { process: "none", state: "STOPPED" };

/** The only way from one state to another. Pure and total: each pair gives a state or a refusal. */
export function transition(life: WorkerLife, event: LifeEvent): WorkerLife | RefusedEvent {
  switch (event.kind) {
    case "spawned":
      if (life.process === "none") return { process: "up", state: "STARTING" };
      return refuse(life, event);
    case "reported":
      if (mayReport(life, event.state)) return { process: "up", state: event.state };
      return refuse(life, event);
    case "stop-wanted":
      if (life.process === "none") return { process: "none", state: event.as };
      return { process: "ending", state: "STOPPING", as: event.as };
    case "ended":
      if (life.process === "ending") return { process: "none", state: life.as };
      return refuse(life, event);
    case "exited":
      return life.process === "up" ? afterExit(event) : refuse(life, event);
    default:
      return event satisfies never;
  }
}

/** BANNED ends only by a login; other states may follow each other while the process runs. */
function mayReport(life: WorkerLife, to: ReportedState): boolean {
  if (life.process !== "up") return false;
  return life.state !== "BANNED" || to === "BANNED" || to === "LOGGING_IN";
}

function afterExit(event: Extract<LifeEvent, { kind: "exited" }>): WorkerLife {
  const { decision } = event;
  switch (decision.kind) {
    case "restart":
    case "retry":
      return {
        process: "none",
        state: waitingState(event.class),
        until: event.now + decision.delayMs,
      };
    case "login":
      return { process: "none", state: "NEEDS_LOGIN" };
    case "gave-up":
    case "park":
    case "none":
      return { process: "none", state: parkedState(event.class) };
    default:
      return decision satisfies never;
  }
}

function parkedState(found: ErrorClass): "BANNED" | "BROKEN" | "GAVE_UP" {
  if (found === "DB_BROKEN") return "BROKEN";
  return found === "BANNED" ? "BANNED" : "GAVE_UP";
}

function waitingState(found: ErrorClass): "BACKOFF" | "LOCKED" | "IN_USE" {
  if (found === "SESSION_LOCKED") return "LOCKED";
  return found === "IN_USE" ? "IN_USE" : "BACKOFF";
}

function refuse(life: WorkerLife, event: LifeEvent): RefusedEvent {
  return { refused: true, state: life.state, event: event.kind };
}
