/** Blocks its event loop for 4 s. Argument: "works" reports progress meanwhile, "stuck" none. */
import { startHeartbeat } from "../src/process/heartbeat.ts";

const heartbeat = startHeartbeat((message) => void process.send?.(message));
const until = performance.now() + 4000;
while (performance.now() < until) if (process.argv[2] === "works") heartbeat.worked();
process.send?.({ kind: "ready" });
heartbeat.stop();
process.disconnect();
