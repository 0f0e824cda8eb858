// expect: lint/style/noRestrictedImports
import { setTimeout as later } from "node:timers";

export const timer = later(() => {}, 10);
