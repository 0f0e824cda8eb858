import type { Bench } from "./lib/bench.ts";

/** Every bench by its name. Imported one at a time, so that no bench slows another down. */
export const BENCHES: Readonly<Record<string, () => Promise<{ readonly default: Bench }>>> = {
  archive: () => import("./archive/archive.bench.ts"),
  relay: () => import("./relay/relay.bench.ts"),
  sessions: () => import("./sessions/sessions.bench.ts"),
  supervision: () => import("./supervision/supervision.bench.ts"),
  taps: () => import("./taps/taps.bench.ts"),
  updates: () => import("./updates/updates.bench.ts"),
};
