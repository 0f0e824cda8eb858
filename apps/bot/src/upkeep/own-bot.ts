import { fileURLToPath } from "node:url";
import { keptBy, missingPackages, programAt } from "@flotilla/config";
import { isSameProgram, KeptBy } from "@flotilla/contracts";
import type { OwnBot } from "./plan.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** This bot: the checkout that it runs from, and what starts it again. `run` is unique. */
export function ownBot(run: string): OwnBot {
  const runs = programAt(ROOT);
  return {
    run,
    keptBy: KeptBy.safeParse(keptBy()).data ?? null,
    isStartable: () => {
      const onDisk = programAt(ROOT);
      const isSame = runs !== null && onDisk !== null && isSameProgram(runs, onDisk);
      return isSame || missingPackages(ROOT)?.length === 0;
    },
  };
}
