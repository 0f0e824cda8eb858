import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileProblem } from "@flotilla/sqlite";
import { isNoted, sessionPath } from "../file/identity.ts";
import { copiesIn } from "./vault-files.ts";

/**
 * Throws AppError `sqlite-missing` when the session's file is gone though there was one that no
 * admin took out of use, and there is a copy to put back: an empty new one in its place would hide
 * the loss.
 */
export function assertNotLost(dataDir: string, name: string): void {
  const sessions = join(dataDir, "sessions");
  const path = sessionPath(sessions, name);
  if (existsSync(path) || !isNoted(sessions, name)) return;
  if (copiesIn(join(dataDir, "vault", name)).some(({ kind }) => kind !== "trash"))
    throw fileProblem("sqlite-missing", path);
}
