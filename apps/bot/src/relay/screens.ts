import { WorkerIdField } from "@flotilla/contracts";
import { z } from "zod";
import { screen } from "../kit/chat/screen.ts";
import type { FleetView } from "../workers/view.ts";
import { fillScreen } from "./fill.ts";
import type { RelayFigures } from "./relay-figures.ts";
import { routeCard } from "./route-card.ts";
import { dryScreen, routesScreen, sourcesScreen } from "./route-list.ts";
import type { RouteStore } from "./route-store.ts";

/** `worker` empty: of the whole fleet. */
const routesData = z.object({ worker: z.string() });
/** `sure`: asks whether to take it away. */
const routeData = z.object({ route: z.string(), sure: z.boolean().default(false) });
const sourcesData = z.object({ worker: WorkerIdField });
const fillData = z.object({ route: z.string() });
/** `draft`: of a route that is being made. */
const dryData = z.object({
  route: z.string(),
  command: z.string(),
  draft: z.boolean().default(false),
});
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    routes: z.infer<typeof routesData>;
    route: z.infer<typeof routeData>;
    sources: z.infer<typeof sourcesData>;
    fill: z.infer<typeof fillData>;
    dry: z.infer<typeof dryData>;
  }
}

interface ShownDeps {
  readonly routes: RouteStore;
  readonly relayFigures: RelayFigures;
}

const routes = screen(
  "routes",
  routesData,
  async (deps: ShownDeps, { words }: FleetView, shown) => {
    const { worker } = shown;
    const found = deps.routes.all().filter(({ from }) => worker === "" || from.worker === worker);
    const said = await deps.relayFigures.readers(found);
    const statuses = new Map(said.map((status) => [status.worker, status]));
    return routesScreen(words, worker, found, statuses);
  },
);

const route = screen("route", routeData, async (deps: ShownDeps, view: FleetView, shown) => {
  const { words, now } = view;
  const found = deps.routes.find(shown.route);
  const status = found && (await deps.relayFigures.of(found.from.worker));
  const readers = deps.routes.readers();
  const version = readers.find(({ worker }) => worker === found?.from.worker)?.version;
  const { route: name, sure } = shown;
  return routeCard({ words, now, route: found, name, status, version, sure });
});

const sources = screen("sources", sourcesData, async (deps: ShownDeps, view: FleetView, shown) => {
  const found = deps.routes.of(shown.worker);
  const status = await deps.relayFigures.of(shown.worker);
  return sourcesScreen(view.words, shown.worker, found, status, view.now);
});

const fill = screen("fill", fillData, (_deps, { words }: FleetView, shown) =>
  fillScreen(words, shown.route),
);

const dry = screen("dry", dryData, (deps: ShownDeps, { words }: FleetView, shown) =>
  dryScreen(words, shown, deps.relayFigures.dryOf(shown.command)),
);

/** Screens about routes. */
export const relayScreens = [routes, route, sources, fill, dry];
