import type { FleetEvent } from "@flotilla/contracts";
import { type Said, say } from "../words/said.ts";
import type { AlertStore } from "./alert-store.ts";

type LossEvent = Extract<FleetEvent, { kind: "worker.lost" }>;

/** Opens the alert of messages that cannot be had. Nothing ends it but somebody who takes note: they do not come back. */
export function raiseLoss(store: AlertStore, event: LossEvent): void {
  const { worker, host, lost, why, at } = event;
  const open = store.open(`gap:${worker}`);
  const times = (open?.body.times ?? 0) + 1;
  const before = open?.body.details ?? [];
  // Losses of one illness come one after the other: they are one line, and its count grows.
  const [last] = before;
  const grows = event.outage === null && last?.key === "alert-gap-live";
  const all = lost + (grows ? Number(last.args["lost"] ?? 0) : 0);
  const title = say("alert-gap", { worker, lost: all, times });
  // The latest ones; what came before is in the log.
  const older = grows ? before.slice(2) : before.slice(0, 1);
  const details = [lossLine({ ...event, lost: all }), say(`alert-gap-${why}`, { lost: all }), ...older];
  store.raise(
    `gap:${worker}`,
    { kind: "gap", worker, host, times, title, details, buttons: ["log", "worker"], action: null },
    at,
  );
}

function lossLine({ outage, lost }: LossEvent): Said {
  if (!outage) return say("alert-gap-live", { lost });
  const { missed, recovered, beganAt, endedAt } = outage;
  return beganAt === null
    ? say("alert-gap-outage-long", { missed, recovered, lost })
    : say("alert-gap-outage", { missed, recovered, lost, ms: Math.max(0, endedAt - beganAt) });
}
