import { neighbourOf, sessionNames, Vault } from "@flotilla/session-store";
import type { Finding, Patient } from "./finding.ts";

/** Whether there is a copy of every session, and whether the copies open. */
export function checkCopies({ place }: Patient): Finding[] {
  const vault = vaultOf(place);
  if (!vault) return [];
  return sessionNames(place.sessions).flatMap((name) => {
    const copies = vault.list(name).filter(({ reason }) => reason !== "damaged");
    const bad = copies.filter(({ verified, kind }) => !verified && kind !== "trash");
    const findings = bad.map(({ id, problem }): Finding => notUsable(name, id, problem ?? "damaged"));
    const hasKey = neighbourOf(place.sessions, name).kind === "known";
    return hasKey && !copies.some(({ verified }) => verified) ? [...findings, noCopy(name)] : findings;
  });
}

function notUsable(name: string, id: string, problem: string): Finding {
  return {
    check: "backup",
    level: "problem",
    what: `The copy ${id} of "${name}" cannot be used (${problem}).`,
    why: "A backup that does not open is found out when it is needed.",
    todo:
      problem === "other-fleet-key"
        ? "Put back the fleet key it was made with, or delete the copy if it is of no use any more."
        : problem === "unreadable"
          ? "Look at the disk and at the permissions of the file. It may be whole: do not delete it."
          : "Check the disk. Make a new backup (flotilla backup, with the worker stopped), then delete this one.",
  };
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
    // Said by the check of the key itself.
    return null;
  }
}
