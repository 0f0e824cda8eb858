import { STATE_TABLE, type StateFacts, type WorkerState } from "@flotilla/contracts";

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

const isOnline = ({ online }: StateFacts): boolean => online !== "no";
const hasOpened = ({ session }: StateFacts): boolean => session === "open";
const isWell = ({ online, needs }: StateFacts): boolean => online === "yes" && needs === "nothing";

/**
 * A stop, a restart and a start prove nothing: only what works again ends an alert (field faults
 * D2, K11).
 */
const RECOVERED: Readonly<Record<StateFamily, (facts: StateFacts, state: WorkerState) => boolean>> =
  {
    // A worker that never had a session waits for its login: that is all it can do.
    exit: (facts, state) => isOnline(facts) || state === "NEEDS_LOGIN",
    account: isWell,
    locked: hasOpened,
    broken: hasOpened,
    storage: isOnline,
    link: isOnline,
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

/** Whether this state proves that the trouble of this family is over. */
export function hasRecovered(family: StateFamily, state: WorkerState): boolean {
  return RECOVERED[family](STATE_TABLE[state], state);
}

/** Which of {@link STATE_FAMILIES} a subject is of, or null. */
export function stateFamilyOf(subject: string): StateFamily | null {
  return STATE_FAMILIES.find((family) => subject.startsWith(`${family}:`)) ?? null;
}
