import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import {
  isAlive,
  type SpawnedProcess,
  spawnNode,
  spawnProcess,
  testDir,
  waitFor,
} from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { assertKeyFree, openSession, type SessionStore } from "../src/index.ts";
import { KeyOwner } from "../src/keys/owner/key-owner.ts";
import { ownNote, readNote, writeNote } from "../src/keys/owner/note.ts";
import { codeOf } from "./support/kit.ts";

const CHILD = fileURLToPath(new URL("support/owner-child.ts", import.meta.url));
const fleetKey = Buffer.alloc(32, 1);
const NAME = "news_1";
const NOTE = ownNote({ host: "host-a", dataDir: "/x", worker: NAME, since: 1 });
const isRoot = process.getuid?.() === 0;

let dir = "";
let first = "";

beforeEach(async () => {
  dir = await testDir("owner-");
  first = `${dir}/first`;
  mkdirSync(`${first}/sessions`, { recursive: true });
  using store = openSession({ dir: `${first}/sessions`, name: NAME, fleetKey });
  logIn(store);
});

function logIn(store: SessionStore, key = randomBytes(256)): Buffer {
  store.beginLogin();
  store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
  store.setAuthKey(key);
  store.commitLogin({ id: String(key.readUInt32LE()), name: "Ann", username: null, phone: null });
  return key;
}

/** A worker's process on this folder; `ownerDir` absent = as a fleet without OWNER_DIR. */
function use(dataDir: string, ownerDir?: string, name = NAME): SpawnedProcess {
  return spawnNode(CHILD, [dataDir, name, ...(ownerDir === undefined ? [] : [ownerDir])]);
}

async function owner(dataDir: string, ownerDir?: string): Promise<SpawnedProcess> {
  const child = use(dataDir, ownerDir);
  await child.waitForOutput("owned ");
  return child;
}

async function refusedBy(
  child: SpawnedProcess,
  holder: SpawnedProcess,
  folder: string,
): Promise<void> {
  expect((await child.exited).code).toBe(1);
  expect(child.stdout).toContain("refused session-owned: ");
  expect(child.stdout).toMatch(
    new RegExp(
      `pid ${holder.pid}, node session-store/test/support/\\S+\\.ts .*\\(worker ${NAME}, data ` +
        `folder ${folder}, host host-a, machine \\S+, since 20[-0-9]+ [:0-9]+ UTC\\)`,
    ),
  );
  expect(isAlive(holder.pid)).toBe(true);
}

function copy(from = first, to = `${dir}/second`): string {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  return to;
}

describe.runIf(process.platform === "linux")("one key has one user on a machine", () => {
  test(
    "a data folder that is copied while its worker runs: the second one is refused and told " +
      "who the first is",
    async () => {
      const holder = await owner(first);
      await refusedBy(use(copy()), holder, first);
    },
  );

  test("a killed owner's key is free at once, a stopped one's is not", async () => {
    const holder = await owner(first);
    const second = copy();
    holder.kill("SIGSTOP");
    await refusedBy(use(second), holder, first);
    holder.kill("SIGKILL");
    await holder.exited;
    await owner(second);
  });

  test.each([
    ["renamed while it runs", (): string => copy(rename(`${dir}/moved`))],
    ["deleted while it runs", (): string => copyThenDelete()],
    ["reached through a symbolic link", (): string => copy(link())],
    ["copied twice", (): string => copy(copy(), `${dir}/third`)],
  ])("the folder was %s", async (_what, second) => {
    const holder = await owner(first);
    await refusedBy(use(second()), holder, first);
  });

  test("the same key under another name, in another folder and as a hard link", async () => {
    const holder = await owner(first);
    mkdirSync(`${dir}/other/sessions`, { recursive: true });
    cpSync(`${first}/sessions/${NAME}.session`, `${dir}/other/sessions/spare.session`);
    await refusedBy(use(`${dir}/other`, undefined, "spare"), holder, first);
    linkSync(`${dir}/other/sessions/spare.session`, `${dir}/other/sessions/link.session`);
    await refusedBy(use(`${dir}/other`, undefined, "link"), holder, first);
  });

  test("another PID namespace, as a container has", async () => {
    const holder = await owner(first);
    const second = copy();
    const inside = spawnProcess("unshare", [
      "-p",
      "-f",
      "--mount-proc",
      process.execPath,
      CHILD,
      second,
      NAME,
    ]);
    const { code } = await inside.exited;
    if (inside.stderr.includes("Operation not permitted")) return;
    expect(code).toBe(1);
    expect(inside.stdout).toContain(`pid ${holder.pid}, `);
  });

  test.runIf(isRoot)("another user of the machine, whichever of the two comes first", async () => {
    const asOtherUser = (dataDir: string): SpawnedProcess => {
      chmodSync(dir, 0o755);
      const options = ["--reuid=65534", "--regid=65534", "--clear-groups"];
      return spawnProcess("setpriv", [...options, process.execPath, CHILD, dataDir, NAME]);
    };
    const second = copy();
    for (const path of [
      second,
      `${second}/sessions`,
      ...readdirSync(`${second}/sessions`).map((it) => `${second}/sessions/${it}`),
    ])
      chownSync(path, 65_534, 65_534);
    const holder = await owner(first);
    await refusedBy(asOtherUser(second), holder, first);
    holder.kill("SIGKILL");
    await holder.exited;
    const other = asOtherUser(second);
    await other.waitForOutput("owned ");
    await refusedBy(use(first), other, second);
  });

  test("a lock whose file was deleted is taken again; when a copy was faster, the first one goes", async () => {
    const owners = `${dir}/owners`;
    const holder = await owner(first, owners);
    const second = copy();
    rmSync(owners, { recursive: true });
    await waitFor(() => readdirSync(dir).includes("owners") && readdirSync(owners).length === 2);
    await refusedBy(use(second, owners), holder, first);
    holder.kill("SIGSTOP");
    rmSync(owners, { recursive: true });
    await owner(second, owners);
    holder.kill("SIGCONT");
    await holder.waitForOutput("lost session-owned");
    expect((await holder.exited).code).toBe(1);
  });
});

describe("what another user put beside a lock", () => {
  test.each([
    ["another version's note", { pid: process.pid, dataDir: "/x", since: 1 }],
    ["a time that is none", { ...NOTE, since: 9e15 }],
    ["no object", null],
  ])("%s is no note", (_, content) => {
    writeFileSync(`${dir}/note.json`, JSON.stringify(content));
    expect(readNote(`${dir}/note.json`)).toBeNull();
  });

  test("a pipe, a folder or a huge file in the note's place holds no worker up", () => {
    execFileSync("mkfifo", [`${dir}/pipe.json`]);
    mkdirSync(`${dir}/folder.json`);
    writeFileSync(`${dir}/huge.json`, JSON.stringify({ ...NOTE, more: "x".repeat(100_000) }));
    for (const name of ["pipe", "folder", "huge"])
      expect(readNote(`${dir}/${name}.json`)).toBeNull();
  });

  test(
    "a journal in the lock's folder that is not ours keeps no key from its owner, and none is " +
      "made",
    () => {
      mkdirSync(`${dir}/owners/${"ab".repeat(8)}.owner-journal`, { recursive: true });
      const place = { configured: `${dir}/owners`, host: "host-a", dataDir: first };
      const owner = new KeyOwner(place, NAME);
      owner.hold("ab".repeat(8));
      owner.hold("cd".repeat(8));
      expect(readdirSync(`${dir}/owners`)).not.toContain(`${"cd".repeat(8)}.owner-journal`);
      owner.close();
    },
  );

  test("a link in the note's place is not written through", () => {
    writeFileSync(`${dir}/mine`, "precious");
    symlinkSync(`${dir}/mine`, `${dir}/note.json`);
    writeNote(`${dir}/note.json`, NOTE);
    expect(readFileSync(`${dir}/mine`, "utf8")).toBe("precious");
    rmSync(`${dir}/note.json`);
    writeNote(`${dir}/note.json`, NOTE);
    writeNote(`${dir}/note.json`, { ...NOTE, worker: "other" });
    expect(readNote(`${dir}/note.json`)).toEqual({ ...NOTE, worker: "other" });
  });
});

describe("the moments at which a key is taken", () => {
  const place = (): { configured: string; host: string; dataDir: string } => ({
    configured: `${dir}/owners`,
    host: "host-a",
    dataDir: first,
  });

  test("a key that a login makes is held from its first moment on", () => {
    using store = openSession({ dir: `${dir}/new`, name: "fresh", fleetKey, owner: place() });
    store.beginLogin();
    store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
    store.setAuthKey(randomBytes(256));
    const fingerprint = store.fingerprint() ?? "";
    expect(codeOf(() => assertKeyFree(place(), fingerprint))).toBe("session-owned");
    store.rollbackLogin();
    store.close();
    assertKeyFree(place(), fingerprint);
  });

  test("a connection claims it, and is refused while another session has it", () => {
    const key = randomBytes(256);
    using one = openSession({ dir: `${dir}/one`, name: "one", fleetKey, owner: place() });
    logIn(one, key);
    using two = openSession({ dir: `${dir}/two`, name: "two", fleetKey });
    logIn(two, key);
    two.close();
    using again = openSession({ dir: `${dir}/two`, name: "two", fleetKey, owner: place() });
    expect(codeOf(() => again.claim())).toBe("session-owned");
    one.close();
    using _claim = again.claim();
  });
});

function rename(to: string): string {
  renameSync(first, to);
  return to;
}

function link(): string {
  symlinkSync(first, `${dir}/link`);
  return `${dir}/link/.`;
}

function copyThenDelete(): string {
  const second = copy();
  rmSync(first, { recursive: true });
  return second;
}
