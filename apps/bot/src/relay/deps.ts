import type { WorkerDeps } from "../workers/deps.ts";
import type { RouteDesk } from "./route-desk.ts";
import type { RouteStore } from "./route-store.ts";

/** What handlers of buttons about routes work with. */
export interface RelayDeps extends WorkerDeps {
  readonly routes: RouteStore;
  readonly relay: RouteDesk;
}
