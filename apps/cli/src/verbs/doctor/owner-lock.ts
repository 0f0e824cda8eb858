import { existsSync, statSync } from "node:fs";
import { toError } from "@flotilla/kernel";
import { isInContainer } from "@flotilla/os";
import { type OwnerFolders, ownerFolders } from "@flotilla/session-store";
import { fileSystemOf } from "@flotilla/sqlite";
import type { Finding, Patient } from "./finding.ts";

const WHY =
  "A copy of this data folder that starts over there would not be refused by this machine: " +
  "only the lease on the key in a common Redis keeps it off Telegram.";

/** Checks which processes and containers the machine's locks on keys cover. */
export function checkOwnerLock({ place }: Patient): Finding[] {
  try {
    const found = ownerFolders(place.env.OWNER_DIR ?? null, { make: false });
    const said = reach(found);
    if (said === null) return [];
    return [{ check: "owner-lock", level: "hint", ...said, why: WHY }];
  } catch (error) {
    const todo = "Follow the text above. Until then no worker starts.";
    return [
      { check: "owner-lock", level: "problem", what: toError(error).message, why: WHY, todo },
    ];
  }
}

function reach({ paths, kind }: OwnerFolders): { what: string; todo: string } | null {
  const [main] = paths;
  if (main === undefined)
    return {
      what: "No folder for the locks on keys can be used: neither /run/flotilla nor one of this user.",
      todo: "Make /run/flotilla for all users (mkdir -m 1777 /run/flotilla), or set OWNER_DIR.",
    };
  const there = existsSync(main);
  if (there && fileSystemOf(main).network)
    return {
      what: `The locks on keys are on a network file system (${main}).`,
      todo: "Set OWNER_DIR to a local folder.",
    };
  if (isInContainer() && !(there && statSync(main).dev !== statSync("/").dev))
    return {
      what:
        "This is a container, and its locks on keys are its own: other containers and the machine " +
        "do not see them.",
      todo: "Mount /run/flotilla from the machine, as docker-compose.yml does.",
    };
  if (kind !== "user") return null;
  return {
    what: `The locks on keys are in ${paths.join(" and ")}: containers of this machine do not see them.`,
    todo:
      "Make /run/flotilla for all users at each boot: echo 'd /run/flotilla 1777' > " +
      "/etc/tmpfiles.d/flotilla.conf",
  };
}
