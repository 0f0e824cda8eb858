import type { WorkerState } from "@flotilla/contracts";

/**
 * Families of alerts about one worker that its state can end. Each is the start of a subject, such
 * as `exit:news_1`.
 */
export const STATE_FAMILIES = [
  "exit",
  "account",
  "locked",
  "broken",
  "storage",
  "link",
  "flood",
  "quiet",
  "closed",
] as const;
export type StateFamily = (typeof STATE_FAMILIES)[number];

const ONLINE: readonly WorkerState[] = ["RUNNING", "CATCHING_UP", "DEGRADED", "FLOOD"];
/** The process has opened its session file. */
const OPENED: readonly WorkerState[] = [...ONLINE, "NEEDS_LOGIN", "LOGGING_IN"];

/**
 * A stop, a restart and a start prove nothing: only what works again ends an alert (field faults
 * D2, K11).
 */
const RECOVERED: Readonly<Record<StateFamily, ReadonlySet<WorkerState>>> = {
  // A worker that never had a session waits for its login: that is all it can do.
  exit: new Set([...ONLINE, "NEEDS_LOGIN"]),
  account: new Set(["RUNNING", "CATCHING_UP"]),
  locked: new Set(OPENED),
  broken: new Set(OPENED),
  storage: new Set(ONLINE),
  link: new Set(ONLINE),
  flood: new Set(ONLINE),
  quiet: new Set(ONLINE),
  closed: new Set(ONLINE),
};

/**
 * The states in which no process runs because it is wanted so. Who wanted it is not in the state:
 * Ctrl+C of the fleet looks the same.
 */
export const DOWN: ReadonlySet<WorkerState> = new Set(["STOPPED", "MAINTENANCE"]);

/** Whether this state proves that the trouble of this family is over. */
export function hasRecovered(family: StateFamily, state: WorkerState): boolean {
  return RECOVERED[family].has(state);
}

/** Which of {@link STATE_FAMILIES} a subject is of, or null. */
export function stateFamilyOf(subject: string): StateFamily | null {
  return STATE_FAMILIES.find((family) => subject.startsWith(`${family}:`)) ?? null;
}
