import {
  STATE_TABLE,
  type StateFacts,
  type WorkerState,
  type WorkerStatus,
} from "@flotilla/contracts";

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
/** A family of {@link STATE_FAMILIES}. */
export type StateFamily = (typeof STATE_FAMILIES)[number];

const isOnline = ({ online }: StateFacts): boolean => online !== "no";
const hasOpened = ({ session }: StateFacts): boolean => session === "open";

/** Whether a worker shows that a trouble is over which began at `openedAt`. */
type Proof = (facts: StateFacts, status: WorkerStatus, openedAt: number) => boolean;

/** Telegram answers the worker, and nothing is to be done. */
export function isWell({ online, needs }: StateFacts): boolean {
  return online === "yes" && needs === "nothing";
}

/**
 * A stop, a restart and a start prove nothing: only what works again ends an alert (field faults
 * D2, K11).
 */
const RECOVERED: Readonly<Record<StateFamily, Proof>> = {
  // A worker that never had a session waits for its login: that is all it can do.
  exit: (facts, { state }) => isOnline(facts) || state === "NEEDS_LOGIN",
  account: isWell,
  locked: hasOpened,
  broken: hasOpened,
  storage: isOnline,
  // One that is perhaps online can as well be off Telegram, such as without its lease.
  link: ({ online }, { link }, openedAt) =>
    online === "yes" || (online === "perhaps" && (link?.lastSuccessAt ?? 0) > openedAt),
  flood: isOnline,
  quiet: isOnline,
  closed: isOnline,
};

/**
 * No process runs because it is wanted so. Who wanted it is not in the state: Ctrl+C of the fleet
 * looks the same.
 */
export function isDown(state: WorkerState): boolean {
  return STATE_TABLE[state].isStopped;
}

/**
 * Whether this status proves that a trouble of this family is over which began at `openedAt`, in
 * milliseconds since the epoch.
 */
export function hasRecovered(family: StateFamily, status: WorkerStatus, openedAt: number): boolean {
  return RECOVERED[family](STATE_TABLE[status.state], status, openedAt);
}

/** Which of {@link STATE_FAMILIES} a subject is of, or null. */
export function stateFamilyOf(subject: string): StateFamily | null {
  return STATE_FAMILIES.find((family) => subject.startsWith(`${family}:`)) ?? null;
}
