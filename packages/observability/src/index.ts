/** Observability of a process: log, health, metrics. */
export { DiskWatch, diskDetail, diskProblem, type FullDisk } from "./disk-watch.ts";
export {
  Counter,
  createRegistry,
  Gauge,
  type HealthServer,
  Registry,
  startHealth,
} from "./health.ts";
export { createLogger, type Logger, type PlainLog } from "./logger.ts";
export { quietly } from "./quietly.ts";
export { redact } from "./redact.ts";
export {
  hasSecondPath,
  requestOnce,
  type SecondPathMessage,
  type SecondPathPlaces,
  sendBySecondPath,
} from "./second-path.ts";
export { type RunningService, runService } from "./service.ts";
