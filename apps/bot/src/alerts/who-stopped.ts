import type { WorkerId } from "@flotilla/kernel";
import { type Said, say } from "../kit/words/said.ts";
import type { BulkStore } from "../workers/bulk-store.ts";
import type { CommandStore } from "../workers/command-store.ts";

const STOPS: ReadonlySet<string> = new Set(["stop", "maintenance", "remove-session"]);

/**
 * "stopped by Ann" when the last wish about whether this worker runs was a person's wish to stop
 * it; else null.
 */
export function whoStopped(
  { commandLog, bulks }: { readonly commandLog: CommandStore; readonly bulks: BulkStore },
  worker: WorkerId,
): Said | null {
  const single = commandLog.latestWish(worker);
  const bulk = bulks.latestOf(worker);
  const [verb, by] =
    bulk && bulk.askedAt > (single?.askedAt ?? 0)
      ? [bulk.action, bulk.askerName]
      : [single?.verb, single?.askerName];
  return verb !== undefined && by !== undefined && STOPS.has(verb)
    ? say("solved-stopped", { by })
    : null;
}
