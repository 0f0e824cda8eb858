import { neighbourOf, sessionNames, Vault } from "@flotilla/session-store";
import type { Finding, Patient } from "./finding.ts";

/** Checks that every session has a backup copy and that the copies open. */
export function checkCopies({ place }: Patient): Finding[] {
  const vault = vaultOf(place);
  if (!vault) return [];
  return sessionNames(place.sessions).flatMap((name) => {
    const copies = vault.list(name).filter(({ reason }) => reason !== "damaged");
    const bad = copies.filter(({ verified, kind }) => !verified && kind !== "trash");
    const findings = bad.map(
      ({ id, problem }): Finding => notUsable(name, id, problem ?? "damaged"),
    );
    const hasKey = neighbourOf(place.sessions, name).kind === "known";
    if (hasKey && !copies.some(({ verified }) => verified)) return [...findings, noCopy(name)];
    return findings;
  });
}

function notUsable(name: string, id: string, problem: string): Finding {
  return {
    check: "backup",
    level: "problem",
    what: `The copy ${id} of "${name}" cannot be used (${problem}).`,
    why: "A backup that does not open fails when it is needed.",
    todo: remedyFor(problem),
  };
}

function remedyFor(problem: string): string {
  if (problem === "other-fleet-key")
    return "Put back the fleet key it was made with, or delete the copy if you do not need it.";
  if (problem === "unreadable")
    return "Check the disk and the permissions of the file. It may be whole: do not delete it.";
  return (
    "Check the disk. Make a new backup (flotilla backup, with the worker stopped), then delete " +
    "this one."
  );
}

function noCopy(name: string): Finding {
  return {
    check: "backup",
    level: "hint",
    what: `There is no copy of the session of "${name}".`,
    why: "If its file is damaged, only a new login brings it back.",
    todo: `Press 🧯 Backups → 💾 Back up now in the chat. Or stop the worker, then: flotilla backup ${name}`,
  };
}

function vaultOf(place: Patient["place"]): Vault | null {
  if (place.fleetKeyFrom === null) return null;
  try {
    return new Vault({ dataDir: place.dataDir, fleetKey: place.fleetKey() });
  } catch {
    // checkFleetKey reports it.
    return null;
  }
}
