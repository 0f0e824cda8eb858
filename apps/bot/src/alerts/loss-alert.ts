import { type FleetEvent, LossReason } from "@flotilla/contracts";
import { outageLength } from "../kit/words/outage.ts";
import { type Said, say } from "../kit/words/said.ts";
import type { AlertStore } from "./alert-store.ts";

type LossEvent = Extract<FleetEvent, { kind: "worker.lost" }>;

const DO = say("alert-gap-do");

/** Opens the alert of lost messages. Only an admin ends it: the messages do not come back. */
export function raiseLoss(store: AlertStore, event: LossEvent): void {
  const { worker, host, lost, why, at } = event;
  const open = store.open(`gap:${worker}`);
  const times = (open?.body.times ?? 0) + 1;
  const before = open?.body.details.filter(({ key }) => key !== DO.key) ?? [];
  // Losses of one illness come one after the other: they are one line, and its count grows, like
  // that of each reason.
  const [last, ...rest] = before;
  const grows = event.outage === null && last?.key === "alert-gap-live";
  const reasons = grows ? leadingReasons(rest) : [];
  const all = lost + (grows ? countOf(last) : 0);
  const title = say("alert-gap", { worker, lost: all, times });
  // The latest ones; what came before is in the log.
  const older = grows ? rest.slice(reasons.length) : before.slice(0, 1);
  const details = [lossLine({ ...event, lost: all }), ...counted(reasons, why, lost), ...older, DO];
  store.raise(
    `gap:${worker}`,
    { kind: "gap", worker, host, times, title, details, buttons: ["log", "worker"], action: null },
    at,
  );
}

function leadingReasons(details: readonly Said[]): readonly Said[] {
  const end = details.findIndex(({ key }) => !isReason(key));
  return end === -1 ? details : details.slice(0, end);
}

/** The reasons with their counts, this one more often by `lost`. */
function counted(reasons: readonly Said[], why: LossReason, lost: number): Said[] {
  const key = reasonKey(why);
  const others = reasons.filter((reason) => reason.key !== key);
  const so = countOf(reasons.find((reason) => reason.key === key));
  return [say(key, { lost: so + lost }), ...others];
}

function countOf(said: Said | undefined): number {
  return Number(said?.args["lost"] ?? 0);
}

function reasonKey(why: LossReason): string {
  return `alert-gap-${why}`;
}

function isReason(key: string): boolean {
  return LossReason.options.some((why) => reasonKey(why) === key);
}

function lossLine({ outage, lost }: LossEvent): Said {
  if (!outage) return say("alert-gap-live", { lost });
  const { missed, recovered, beganAt, offlineMs } = outage;
  return beganAt === null && offlineMs === null
    ? say("alert-gap-outage-long", { missed, recovered, lost })
    : say("alert-gap-outage", { missed, recovered, lost, ...outageLength(outage) });
}
