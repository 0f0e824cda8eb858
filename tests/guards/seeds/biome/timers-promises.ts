// expect: lint/style/noRestrictedImports
import { setTimeout as wait } from "node:timers/promises";

export const pause = (): Promise<void> => wait(10);
