import type { WorkerId } from "@flotilla/kernel";
import type { Screen } from "../screens/screen.ts";
import { EVERYBODY, LONGEST_MS } from "../store/silences.ts";
import { say } from "../words/said.ts";
import { type Handler, show } from "./deps.ts";

/** Begins or ends the silence of one worker, or of all; `shown`: the screen that says so. */
const silence =
  (act: "mute" | "maintain", shown: (worker: WorkerId | null) => Screen): Handler =>
  async (deps, context) => {
    const { worker, arg } = context.press;
    const found = worker === "" ? null : deps.workers.find(worker);
    const forMs = timeOf(arg);
    const id = found?.id ?? null;
    if (worker !== "" && !found)
      return await show(deps, context, { kind: "menu" }, say("toast-gone"));
    if (forMs === null) return await show(deps, context, shown(id), say("toast-stale"));
    const said = deps.alertActions[act](id ?? EVERYBODY, forMs, context.asker.name);
    deps.audit.write(context.asker, said, id, deps.clock.now());
    await show(deps, context, shown(id), said);
  };

/** Milliseconds from the minutes of a button; null = no button of ours has them. */
function timeOf(arg: string): number | null {
  const ms = /^\d{1,7}$/.test(arg) ? Number(arg) * 60_000 : null;
  return ms !== null && ms <= LONGEST_MS ? ms : null;
}

/** Buttons that begin or end a mute or a maintenance window. */
export const silencePresses = {
  mute: silence("mute", (worker) =>
    worker === null ? { kind: "alerts", tab: "open", page: 0 } : { kind: "worker", worker },
  ),
  maintain: silence("maintain", (worker) =>
    worker === null ? { kind: "menu" } : { kind: "more", worker },
  ),
} satisfies Record<string, Handler>;
