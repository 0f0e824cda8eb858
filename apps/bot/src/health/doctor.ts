import type { Screen } from "../kit/screen.ts";
import type { By, Commands } from "../workers/commands.ts";
import type { WorkerStore } from "../workers/worker-store.ts";

/** Asks every host of the fleet to look at itself. Returns the screen that shows what they say. */
export async function askDoctors(
  deps: { readonly commands: Commands; readonly workers: WorkerStore },
  by: By,
): Promise<Extract<Screen, { kind: "doctor" }>> {
  const one = new Map(deps.workers.all().map(({ host, id }) => [host, id]));
  const asked = await Promise.all(
    [...one].map(async ([host, worker], n) => {
      const id = `${by.id}-${n}`;
      const result = await deps.commands.askHost("doctor", worker, by.asker, id);
      return { host, command: result.kind === "failed" ? id : result.id };
    }),
  );
  return { kind: "doctor", asked };
}
