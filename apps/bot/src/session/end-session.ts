import { button } from "../kit/button.ts";
import { show } from "../kit/press.ts";
import { type Confirmation, sure } from "../workers/confirm.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import { ofWorker, run } from "../workers/of-worker.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    logout: true;
    rmsession: true;
  }
}

const askFirst = (what: "logout" | "rmsession") =>
  button(
    what,
    "owner",
    ofWorker((deps: WorkerDeps, context, { id }) =>
      show(deps, context, sure(what, id, deps.clock.now())),
    ),
  );

/** 🚪 Log out and 🗑 Remove session; each asks once more, with the name. */
export const endButtons = [askFirst("logout"), askFirst("rmsession")];

/** What they do when they are confirmed. */
export const endConfirmations: readonly Confirmation<WorkerDeps>[] = [
  {
    what: "logout",
    verb: "logout",
    run: (deps, context, worker) =>
      run(deps, context, worker, () => deps.commands.askWorker("logout", worker, context)),
  },
  {
    what: "rmsession",
    verb: "rmsession",
    run: (deps, context, worker) =>
      run(deps, context, worker, () =>
        deps.commands.askHost("remove-session", worker, context.asker, context.id),
      ),
  },
];
