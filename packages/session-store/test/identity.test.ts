import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertUnique, neighbourOf } from "@flotilla/session-store";
import { spawnNode, testDir } from "@flotilla/testkit";
import { beforeEach, expect, test } from "vitest";
import { ANN, codeOf, errorOf, logIn, make, open } from "./support/kit.ts";

let dir = "";
const BOB = { ...ANN, id: "8", name: "Bob" };
const HOLDER = fileURLToPath(new URL("./support/holder.ts", import.meta.url));
beforeEach(async () => {
  dir = await testDir();
});

test("a copy under another name is refused, whichever of the two runs, and the other one runs", async () => {
  make(dir, "ann");
  copyFileSync(join(dir, "ann.session"), join(dir, "copy.session"));
  const holder = spawnNode(HOLDER, [dir, "ann"]);
  await holder.waitForOutput(/^open /m);
  const error = errorOf(() => open(dir, "copy"));
  expect(error.code).toBe("session-duplicate");
  expect(error.message).toContain('a copy of "ann"');
  expect(existsSync(join(dir, "copy.identity"))).toBe(false);
  holder.kill("SIGKILL");
  await holder.exited;
  // The copy may not start when the other one rests, either, and does not stop it.
  expect(codeOf(() => open(dir, "copy"))).toBe("session-duplicate");
  open(dir, "ann").close();
});

test("a second session of one account is refused at its login, and stays logged in as before", () => {
  make(dir, "ann");
  using second = open(dir, "second");
  const key = logIn(second, BOB);
  const error = errorOf(() => logIn(second, ANN));
  expect(error.code).toBe("session-duplicate");
  expect(error.message).toContain("user id 7000001");
  second.rollbackLogin();
  expect(second.authKey()).toEqual(key);
  expect(neighbourOf(dir, "second")).toMatchObject({ kind: "known", identity: { userId: "8" } });
});

test("the note tells who a session is while it is in use, and holds no secret", async () => {
  const key = make(dir, "ann");
  const holder = spawnNode(HOLDER, [dir, "ann"]);
  await holder.waitForOutput(/^open /m);
  expect(neighbourOf(dir, "ann")).toMatchObject({
    kind: "known",
    identity: { name: "ann", userId: ANN.id },
  });
  const note = readFileSync(join(dir, "ann.identity"));
  expect(statSync(join(dir, "ann.identity")).mode & 0o777).toBe(0o600);
  for (let at = 0; at < 256; at += 8) expect(note.includes(key.subarray(at, at + 8))).toBe(false);

  // Without a note the account is unknown: an import is refused, a worker's own start is not.
  rmSync(join(dir, "ann.identity"));
  expect(neighbourOf(dir, "ann")).toEqual({ kind: "unknown", name: "ann" });
  const wanted = { name: "bob", fingerprint: "00", userId: "8" };
  expect(codeOf(() => assertUnique(dir, wanted))).toBe("session-neighbour-unknown");
  make(dir, "bob", BOB);
});

test("a note about another file, or a damaged one, is not believed", () => {
  make(dir, "ann");
  const note = readFileSync(join(dir, "ann.identity"), "utf8");
  rmSync(join(dir, "ann.session"));
  make(dir, "ann", BOB);
  writeFileSync(join(dir, "ann.identity"), note);
  expect(neighbourOf(dir, "ann")).toMatchObject({ identity: { userId: "8" } });
  writeFileSync(join(dir, "ann.identity"), "{");
  expect(neighbourOf(dir, "ann")).toMatchObject({ identity: { userId: "8" } });
});

test("a session in use without a key says so: it stops no import and no restore of another", async () => {
  const holder = spawnNode(HOLDER, [dir, "empty"]);
  await holder.waitForOutput(/^open /m);
  expect(neighbourOf(dir, "empty")).toEqual({ kind: "no-key", name: "empty" });
  assertUnique(dir, { name: "bob", fingerprint: "00", userId: "8" });
});

test("sessions without a key and files that are none have no twin", () => {
  open(dir, "fresh").close();
  writeFileSync(join(dir, "noise.session"), randomBytes(4096));
  expect(neighbourOf(dir, "fresh").kind).toBe("no-key");
  expect(neighbourOf(dir, "noise").kind).toBe("unreadable");
  make(dir, "ann");
});

test("pipes in the folder of sessions hold no worker up", () => {
  for (const name of ["pipe.session", "pipe.identity"]) execFileSync("mkfifo", [join(dir, name)]);
  expect(neighbourOf(dir, "pipe").kind).toBe("unreadable");
  make(dir, "ann");
  assertUnique(dir, { name: "ben", fingerprint: "0".repeat(16), userId: "1" });
});

test("two that start at the same time with one key: never both", async () => {
  make(dir, "a");
  for (let round = 0; round < 4; round++) {
    copyFileSync(join(dir, "a.session"), join(dir, "b.session"));
    const both = ["a", "b"].map((name) => spawnNode(HOLDER, [dir, name]));
    const results = await Promise.all(
      both.map((each) =>
        Promise.race([
          each.waitForOutput(/^open /m).then(
            () => "open",
            () => "ended",
          ),
          each.exited.then(() => "ended"),
        ]),
      ),
    );
    expect(results.filter((each) => each === "open").length).toBeLessThanOrEqual(1);
    await Promise.all(both.map((each) => each[Symbol.asyncDispose]()));
    rmSync(join(dir, "b.session"));
    rmSync(join(dir, "b.identity"), { force: true });
  }
});
