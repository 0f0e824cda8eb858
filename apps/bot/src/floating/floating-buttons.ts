import { type StandbyOwner, WorkerIdField } from "@flotilla/contracts";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, refreshButton, rows, verbButton } from "../kit/keyboard.ts";
import { show } from "../kit/press.ts";
import { lines } from "../kit/words/html.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import { ofWorker, run } from "../workers/of-worker.ts";
import type { FleetView } from "../workers/view.ts";
import type { FloatingWatch } from "./floating-watch.ts";

const data = z.object({ worker: WorkerIdField });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    floating: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    floating: true;
    floaton: true;
    floatoff: true;
  }
}

interface ShownDeps {
  readonly floating: Pick<FloatingWatch, "ownerOf">;
}

/** 🛟 Whether another host takes the worker over, and what that needs. */
export const floating = screen("floating", data, (deps: ShownDeps, view: FleetView, { worker }) =>
  floatingCard(view, worker, deps.floating.ownerOf(worker)),
);

function floatingCard({ words }: FleetView, worker: string, owner: StandbyOwner | null): Card {
  return {
    html: lines(
      words.html("floating-title", { worker }),
      owner ? words.html("floating-on", { host: owner.host }) : words.html("floating-off"),
      owner && words.html("floating-record", { at: owner.at }),
      "",
      words.html("floating-how"),
      words.html("floating-twice"),
    ).text,
    keyboard: rows(
      [verbButton(words, owner ? "floatoff" : "floaton", worker)],
      [
        refreshButton(words, encodePress("floating", worker)),
        backButton(words, encodePress("more", worker)),
      ],
    ),
  };
}

/** 🛟 on ⋯ More. */
export const floatingButton = button(
  "floating",
  "owner",
  ofWorker((deps: WorkerDeps, context, { id: worker }) =>
    show(deps, context, { kind: "floating", worker }),
  ),
);

export const floatOnButton = button(
  "floaton",
  "owner",
  ofWorker((deps: WorkerDeps, context, { id }) =>
    run(deps, context, id, () => deps.commands.float(true, id, context)),
  ),
);

export const floatOffButton = button(
  "floatoff",
  "owner",
  ofWorker((deps: WorkerDeps, context, { id }) =>
    run(deps, context, id, () => deps.commands.float(false, id, context)),
  ),
);
