import { programAt } from "@flotilla/config";
import {
  areNeighbours,
  type HostRow,
  isSameProgram,
  type ProgramVersion,
  STATUS_STALE_MS,
} from "@flotilla/contracts";
import { toError } from "@flotilla/kernel";
import { isNewer } from "../../fleet-archive/own-version.ts";
import { fleetOnRedis } from "../../place/fleet-place.ts";
import type { Place } from "../../place/place.ts";
import { type Line, linesOf } from "./line.ts";

const { ok, note, problem } = linesOf("hosts");

/**
 * What each host runs against the code on disk here, and whether they can work together. Without
 * Redis, a note.
 */
export async function checkHosts(place: Place): Promise<Line[]> {
  const disk = programAt(place.root);
  if (disk === null)
    return [problem(`${place.root}/package.json cannot be read.`, "git checkout -- package.json")];
  const here = ok(`On disk here: ${shown(disk)}.`);
  try {
    const rows = (await readRows(place)).filter(
      ({ at }) => place.clock.now() - at <= STATUS_STALE_MS,
    );
    if (rows.length === 0) return [here, note("No host runs.")];
    return [here, ...rows.map((row) => lineOf(row, disk))];
  } catch (error) {
    return [here, note(`What runs is not known: ${toError(error).message}`)];
  }
}

async function readRows(place: Place): Promise<HostRow[]> {
  const { HostBoard } = await import("@flotilla/queue");
  const board = new HostBoard(await fleetOnRedis(place), () => {});
  try {
    return await board.all();
  } finally {
    board.close();
  }
}

function lineOf({ host, program }: HostRow, disk: ProgramVersion): Line {
  if (!program)
    return note(`${host} runs a version that does not say which.`, "Restart it after the upgrade.");
  const { runs, keptBy } = program;
  if (isSameProgram(runs, disk)) return ok(`${host} runs the code on disk.`);
  if (isNewer(runs.version, disk.version))
    return problem(
      `${host} runs ${shown(runs)}, which is newer than ${disk.version} on disk.`,
      "Take that version, or go back with flotilla restore (docs/runbooks/upgrade.md).",
    );
  if (!areNeighbours(runs.version, disk.version))
    return problem(
      `${host} runs ${shown(runs)}: between it and ${disk.version} lies a version.`,
      "Upgrade to each version in between first, or stop all hosts and upgrade them together.",
    );
  const how =
    keptBy === null
      ? "Nothing starts its supervisor again: restart it by hand."
      : "🔄 Rolling restart in the chat brings it there once its disk has the code.";
  return note(`${host} runs ${shown(runs)}; it works together with ${disk.version}.`, how);
}

function shown({ version, commit }: ProgramVersion): string {
  return commit === null ? version : `${version} (${commit.slice(0, 8)})`;
}
