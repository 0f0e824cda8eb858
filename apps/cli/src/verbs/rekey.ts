import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { holdDataDir } from "@flotilla/archive";
import { AppError, fleetKeyId } from "@flotilla/kernel";
import { linkOrCopy, type RekeyedFile, rekey } from "@flotilla/session-store";
import { type Answer, type Call, noMoreThan, type Verb, WrongUsage } from "./verb.ts";

const USAGE = `Usage: flotilla rekey [--new-key-file <file>] [--json]

Encrypts every session and every copy in the vault with a new fleet key. Stop Flotilla first. After an interruption run
the same command again: it resumes where it stopped.

If the key is the file fleet.key in the data folder, a new file replaces it; the old one is kept as fleet.key.old, for
copies of the data folder in other places. If FLEET_KEY is set in .env, write a new key into a file that only you can
read (openssl rand -hex 32), name the file here, and put the key into .env afterwards.
`;

export const rekeyVerb: Verb = {
  name: "rekey",
  usage: USAGE,
  options: { "new-key-file": { type: "string" } },
  async run(call): Promise<Answer> {
    noMoreThan(call, 0);
    const { dataDir, fleetKeyFrom } = call.place;
    if (fleetKeyFrom === null)
      throw new AppError("no-fleet-key", "There is no fleet key yet, so nothing is encrypted.");
    const given = call.flags["new-key-file"];
    if (fleetKeyFrom === "env" && typeof given !== "string")
      throw new WrongUsage(
        "FLEET_KEY is set in .env: write a new key into a file and name it with --new-key-file.",
      );
    if (fleetKeyFrom === "file" && given !== undefined)
      throw new WrongUsage(
        "The key is in the data folder and a new one is made there: leave --new-key-file out.",
      );
    using _alone = holdDataDir(dataDir);
    const newKey =
      typeof given === "string" ? readKey(resolve(call.place.cwd, given)) : nextKey(dataDir);
    const oldKey = call.place.fleetKey();
    const files = rekey({ dataDir, oldKey, newKey });
    return finish(call, files, { from: fleetKeyId(oldKey), to: fleetKeyId(newKey) });
  },
};

function finish(
  { place }: Call,
  files: readonly RekeyedFile[],
  keys: { from: string; to: string },
): Answer {
  const failed = files.filter(({ outcome }) => outcome === "failed");
  const unfinished = failed.some(({ hopeless }) => !hopeless);
  // The bot checks this record: a key that changed without it is a wrong key.
  if (!unfinished) writeDown(place.dataDir, keys);
  if (!unfinished && place.fleetKeyFrom === "file") takeOver(place.dataDir);
  const done = files.filter(({ outcome }) => outcome === "done" || outcome === "already").length;
  const lines = [
    `${done} files are encrypted with the new key.`,
    ...failed.map(({ file, problem }) => `✗ ${file}: ${problem?.message ?? ""}`),
    unfinished
      ? "Not finished: the old key is still in use. Correct the problems above and run this again " +
        "before you start Flotilla."
      : "The files above could not be read with the old key either; nothing waits for them.",
  ];
  if (failed.length === 0) lines.pop();
  if (!unfinished && place.fleetKeyFrom === "env")
    lines.push(
      "Now set FLEET_KEY in .env to the new key on every machine, then delete the file it was in.",
    );
  if (!unfinished && place.fleetKeyFrom === "file")
    lines.push(
      "The new key is in place. The old one is fleet.key.old: delete it when no older copy of " +
        "the data folder is needed.",
    );
  const data = { files, finished: !unfinished };
  return { exitCode: failed.length > 0 ? 1 : 0, text: `${lines.join("\n")}\n`, data };
}

function writeDown(
  dataDir: string,
  { from, to }: { readonly from: string; readonly to: string },
): void {
  const path = join(dataDir, "rekeyed.json");
  const before = existsSync(path)
    ? (JSON.parse(readFileSync(path, "utf8")) as { from: string[]; to: string })
    : null;
  // The key changed twice before the bot started once.
  const chain = before?.to === from ? [...before.from, from] : [from];
  writeFileSync(path, `${JSON.stringify({ from: chain, to })}\n`, { mode: 0o600, flush: true });
}

/** The key of an interrupted run, or a new one; on disk before anything is encrypted with it. */
function nextKey(dataDir: string): Buffer {
  const path = join(dataDir, "fleet.key.next");
  if (!existsSync(path)) {
    const partial = `${path}.partial`;
    writeFileSync(partial, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flush: true });
    renameSync(partial, path);
  }
  return readKey(path);
}

function takeOver(dataDir: string): void {
  const current = join(dataDir, "fleet.key");
  rmSync(`${current}.old`, { force: true });
  linkOrCopy(current, `${current}.old`);
  renameSync(`${current}.next`, current);
}

function readKey(path: string): Buffer {
  if (!existsSync(path)) throw new WrongUsage("The file with the new key does not exist.");
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0)
    throw new AppError(
      "bad-fleet-key",
      `The key file ${path} is readable by others. Run: chmod 600 ${path}`,
    );
  const text = readFileSync(path, "utf8").trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return Buffer.from(text, "base64");
  throw new AppError(
    "bad-fleet-key",
    `The file ${path} must hold 32 bytes as 64 hexadecimal characters or as base64.`,
  );
}
