import { lstatSync } from "node:fs";
import { lookIntoSession, sessionNames, sessionPath } from "@flotilla/session-store";
import { inspectFile } from "@flotilla/sqlite";
import type { Finding, Patient } from "./finding.ts";

/** Checks that every session opens. A session in use counts as sound: its owner opened it. */
export function checkSessions({ place }: Patient): Finding[] {
  const fleetKey = keyOf(place);
  return sessionNames(place.sessions).flatMap((name) => {
    const path = sessionPath(place.sessions, name);
    return [...checkPlace(name, path), ...(fleetKey ? checkContent(name, path, fleetKey) : [])];
  });
}

function checkPlace(name: string, path: string): Finding[] {
  const what = secondName(name, path);
  if (what === null) return [];
  return [
    {
      check: "two-names",
      level: "problem",
      what,
      why:
        "Under another name SQLite does not find the journal of the file, and its last changes can " +
        "be lost.",
      todo: `Stop the worker, and leave only one name: a regular file at ${path}.`,
    },
  ];
}

function secondName(name: string, path: string): string | null {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return `The session of "${name}" is a symbolic link.`;
  if (stat.nlink > 1) return `The session of "${name}" has ${stat.nlink} names (hard links).`;
  return null;
}

function checkContent(name: string, path: string, fleetKey: Buffer): Finding[] {
  const { problem: file } = inspectFile(path);
  const { problem } = lookIntoSession(path, fleetKey);
  if (problem === null || problem === "in-use" || problem === "no-key") return [];
  if (problem === "other-fleet-key")
    return [
      {
        check: "wrong-fleet-key",
        level: "problem",
        what: `The session of "${name}" was encrypted with another fleet key.`,
        why: "This key does not open it, so its worker cannot start.",
        todo: "Start with the key it was made with (FLEET_KEY in .env, or fleet.key in the data folder).",
      },
    ];
  if (problem === "unreadable")
    return [
      {
        check: "unreadable",
        level: "problem",
        what: `The session of "${name}" cannot be read now. ${file?.message ?? ""}`.trim(),
        why: "Its worker cannot start. Nothing is known to be wrong inside.",
        todo: "Check the disk and the permissions of the file and its folder.",
      },
    ];
  return [
    {
      check: "damaged",
      level: "problem",
      what: `The session of "${name}" is damaged. ${file?.message ?? ""}`.trim(),
      why: "Its worker cannot start.",
      todo:
        `flotilla restore ${name} --list shows the copies; the golden one is the state after the ` +
        "last login.",
    },
  ];
}

function keyOf(place: Patient["place"]): Buffer | null {
  if (place.fleetKeyFrom === null) return null;
  try {
    const key = place.fleetKey();
    return key.length === 32 ? key : null;
  } catch {
    // checkFleetKey reports it.
    return null;
  }
}
