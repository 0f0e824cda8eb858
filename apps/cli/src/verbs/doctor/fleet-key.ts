import { existsSync } from "node:fs";
import { join } from "node:path";
import { toError } from "@flotilla/kernel";
import { fittingFleetKey, sessionNames, wantedFleetKeys } from "@flotilla/session-store";
import type { Finding, Patient } from "./finding.ts";

/** Checks that the key is there and opens the sessions, as a start does. Never creates a key. */
export function checkFleetKey({ place }: Patient): Finding[] {
  const check = "fleet-key";
  if (place.fleetKeyFrom === null) {
    if (sessionNames(place.sessions).length === 0) return [];
    return [
      {
        check,
        level: "problem",
        what:
          "There are sessions, but no fleet key: neither FLEET_KEY nor the file fleet.key in the " +
          `data folder.${named(place)}`,
        why:
          "Sessions and their backups are encrypted with it. Flotilla does not start without it and " +
          "never creates a new one instead.",
        todo: "Put fleet.key back from your own backup, or set FLEET_KEY in .env, before you start Flotilla.",
      },
    ];
  }
  return [...unreadable(place), ...unfinished(place.dataDir)];
}

function named(place: Patient["place"]): string {
  const ids = wantedFleetKeys(place.dataDir).map(({ id }) => id);
  if (ids.length === 0) return "";
  return ` The sessions want the key ${ids.join(" and ")}.`;
}

function unreadable(place: Patient["place"]): Finding[] {
  try {
    fittingFleetKey(place.dataDir, place.fleetKey, place.foundKeys());
    return [];
  } catch (error) {
    const why = "Without it no session can be opened.";
    return [
      {
        check: "fleet-key",
        level: "problem",
        what: toError(error).message,
        why,
        todo: "Follow the text above.",
      },
    ];
  }
}

function unfinished(dataDir: string): Finding[] {
  if (!existsSync(join(dataDir, "fleet.key.next"))) return [];
  return [
    {
      check: "fleet-key",
      level: "problem",
      what: "A change of the fleet key was cut off: there is a fleet.key.next.",
      why: "Some sessions are encrypted with the new key already and do not open with the present one.",
      todo: "Stop Flotilla and run: flotilla rekey",
    },
  ];
}
