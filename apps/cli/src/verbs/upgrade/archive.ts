import { archivesIn, peekArchive } from "@flotilla/archive";
import { backupOf } from "@flotilla/config";
import { toError } from "@flotilla/kernel";
import type { Place } from "../../place/place.ts";
import { type Line, linesOf } from "./line.ts";

const { ok, note, problem } = linesOf("archive");
const HOUR_MS = 3_600_000;
const MAKE = "Make one now: npm run flotilla -- backup";

/** The latest archive of this host: its age, and whether it opens with this FLEET_KEY. */
export async function checkArchive(place: Place): Promise<Line[]> {
  const { dir, everyMs } = backupOf(place.env, place.root, place.dataDir);
  const [latest] = archivesIn(dir, place.hostId);
  if (!latest) return [note(`There is no archive in ${dir}: nothing to go back to.`, MAKE)];
  if (place.fleetKeyFrom === null)
    return [problem(`There is no FLEET_KEY to open ${latest.path}.`, "Set FLEET_KEY in .env.")];
  try {
    await peekArchive(latest.path, place.fleetKey());
  } catch (error) {
    return [problem(`The latest archive does not open: ${toError(error).message}`, MAKE)];
  }
  const ageMs = Math.max(0, place.clock.now() - latest.at);
  const age = `${Math.round(ageMs / HOUR_MS)} h`;
  const what = `The latest archive is ${age} old and opens with this FLEET_KEY: ${latest.path}`;
  return [ageMs > 2 * (everyMs ?? 24 * HOUR_MS) ? note(what, MAKE) : ok(what)];
}
