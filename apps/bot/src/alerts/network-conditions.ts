import type { WorkerStatus } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { say } from "../kit/words/said.ts";
import { type AlertBody, alertBody } from "./alert-body.ts";
import { hasRecovered } from "./over.ts";
import type { Condition } from "./watch.ts";

/** Failed attempts before a worker is told as offline. */
const TRIES = 2;
/** What is about a host: how it is now, and what its own examination says. */
export const HOST_HELP: AlertBody["buttons"] = ["health", "doctor"];

/**
 * Workers of a host that have no connection to Telegram, and the network of the host when that is
 * so for all of them.
 */
export function networkConditions(host: HostId, there: readonly WorkerStatus[]): Condition[] {
  const offline = there.filter(isOffline);
  const since = Math.min(...offline.map((status) => status.since));
  const title = say("alert-host-network", { host, count: offline.length, at: since });
  const details = [say("alert-host-network-do", { host: host })];
  const body = alertBody({
    kind: "host-network",
    host,
    title,
    details,
    buttons: HOST_HELP,
  });
  const others = there.filter((status) => !offline.includes(status));
  const isHostLost = offline.length >= 2 && !others.some((status) => hasHope(status, since));
  const ofHost = isHostLost ? [{ subject: `network:${host}`, body, since }] : [];
  return [...ofHost, ...offline.map(lost)];
}

/**
 * Whether a worker that is not offline speaks for the network of its host: it is online, or lost
 * its connection a moment ago. One without a connection of its own says nothing.
 */
function hasHope(status: WorkerStatus, since: number): boolean {
  return status.state === "RECONNECTING" || hasRecovered("link", status, since);
}

function isOffline({ state, fault, link }: WorkerStatus): boolean {
  return state === "RECONNECTING" && (link?.attempt ?? 0) >= TRIES && !isAskedAgain(fault);
}

/**
 * Telegram said that the session ended, which is asked again for CONFIRM_END_S (field fault A12):
 * it answers, so nothing is the matter with the network. An unknown key is asked about for longer,
 * which is told.
 */
function isAskedAgain(fault: WorkerStatus["fault"]): boolean {
  return (
    (fault?.class === "AUTH_DEAD" || fault?.class === "BANNED") && fault.code !== "unknown-key"
  );
}

function lost(status: WorkerStatus): Condition {
  const { worker, host, since } = status;
  const title = say("alert-offline", { worker, at: since });
  const details = [say("alert-offline-how")];
  const body = alertBody({
    kind: "offline",
    worker,
    host,
    title,
    details,
    buttons: ["check", "log", "worker"],
  });
  return { subject: `link:${worker}`, body, since };
}
