import { sessionNames, sessionPath } from "@flotilla/session-store";
import { findHolders, type Holder } from "@flotilla/sqlite";
import type { Finding, Patient } from "./finding.ts";

/** Checks that at most its own running worker has each session open. Opens no session. */
export async function checkHolders({ place }: Patient): Promise<Finding[]> {
  const found: Finding[] = [];
  let hidden: string | null = null;
  for (const name of sessionNames(place.sessions)) {
    const { holders, notVisible } = await findHolders(sessionPath(place.sessions, name));
    const others = holders.filter(({ pid }) => pid !== process.pid);
    found.push(...others.flatMap((holder) => judge(name, holder)));
    hidden ??= notVisible;
  }
  return hidden === null ? found : [...found, notSeen(hidden)];
}

function judge(name: string, holder: Holder): Finding[] {
  const who = `${holder.commandLine ?? "a process that is hidden from this user"} (pid ${holder.pid})`;
  if (holder.state === "stopped")
    return [
      {
        check: "holder",
        level: "problem",
        what: `The session of "${name}" is held by a process that is stopped: ${who}.`,
        why: "While it is stopped, it holds the session and no other process can use it.",
        todo: `Resume it (kill -CONT ${holder.pid}) or end it (kill ${holder.pid}).`,
      },
    ];
  // The command line of a worker contains its name.
  if (holder.commandLine === null || holder.worker === name) return [];
  return [
    {
      check: "holder",
      level: "problem",
      what: `A program that is no worker of Flotilla has the session of "${name}" open: ${who}.`,
      why: "Two programs with one session end it for both.",
      todo: "Find out what it is and end it for good. Never delete the session file or its journal instead.",
    },
  ];
}

function notSeen(why: string): Finding {
  return {
    check: "holder",
    level: "hint",
    what: "Some programs are not visible from here.",
    why,
    todo: "Run it on the machine itself, as the user that runs Flotilla.",
  };
}
