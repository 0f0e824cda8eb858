import type { ClosedSource, QuietSource, WorkerStatus } from "@flotilla/contracts";
import { say } from "../kit/words/said.ts";
import { alertBody } from "./alert-body.ts";
import { isDown } from "./over.ts";
import type { Condition } from "./watch.ts";

/**
 * Chats of a worker's routes that went quiet or that cannot be read any more. Those of a stopped
 * worker are left out.
 */
export function sourceConditions(status: WorkerStatus): Condition[] {
  const sources = status.link?.sources;
  if (!sources || isDown(status.state)) return [];
  return [
    ...sources.closed.map((source) => closed(status, source, sources.readable)),
    ...sources.quiet.map((source) => quiet(status, source)),
  ];
}

/**
 * Whether a worker's status says anything about a subject of these conditions; while it does not,
 * what is open stays.
 */
export function tellsOfSources(subject: string, status: WorkerStatus): boolean {
  const sources = status.link?.sources;
  if (!sources) return false;
  return !subject.startsWith("quiet:") || sources.checkedAt !== null;
}

function closed(
  { worker, host }: WorkerStatus,
  { chat, title, reason }: ClosedSource,
  others: number,
): Condition {
  const body = alertBody({
    kind: "closed",
    worker,
    host,
    title: say("alert-closed", { worker, source: title, reason }),
    details: [say("alert-closed-how", { others }), say("alert-closed-do")],
    buttons: ["worker"],
  });
  return { subject: `closed:${worker}:${chat}`, body };
}

function quiet({ worker, host, link }: WorkerStatus, source: QuietSource): Condition {
  const { chat, title, silentSince, rhythmMs, found, withheld } = source;
  const ms = Math.max(0, (link?.sources?.checkedAt ?? silentSince) - silentSince);
  const body = alertBody({
    kind: "quiet",
    worker,
    host,
    title: withheld
      ? say("alert-withheld", { worker, source: title })
      : say("alert-quiet", { worker, source: title, ms, rhythm: rhythmMs }),
    details: [say(checkedKey(source), { found })],
    buttons: ["check", "log", "worker"],
  });
  return { subject: `quiet:${worker}:${chat}`, body };
}

/** What a look at the quiet chat itself brought. */
function checkedKey({ withheld, found }: QuietSource): string {
  if (withheld) return "alert-quiet-withheld";
  return found > 0 ? "alert-quiet-found" : "alert-quiet-none";
}
