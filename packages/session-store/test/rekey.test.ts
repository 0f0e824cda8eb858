import { randomBytes } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exportSession, inspectImport, rekey, Vault } from "@flotilla/session-store";
import { spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { ANN, codeOf, errorOf, FLEET_KEY, logIn, make, open } from "./support/kit.ts";

let dataDir = "";
let dir = "";
const newKey = Buffer.alloc(32, 9);
const HOLDER = fileURLToPath(new URL("./support/holder.ts", import.meta.url));
const REKEYER = fileURLToPath(new URL("./support/rekeyer.ts", import.meta.url));
beforeEach(async () => {
  dataDir = await testDir();
  dir = join(dataDir, "sessions");
});

function fleet(count: number): Map<string, Buffer> {
  const keys = new Map<string, Buffer>();
  const vault = new Vault({ dataDir, fleetKey: FLEET_KEY });
  for (let n = 1; n <= count; n++) {
    using store = open(dir, `w${n}`);
    keys.set(`w${n}`, logIn(store, { ...ANN, id: String(n) }));
    vault.golden(store);
    vault.backup(store, "manual");
  }
  return keys;
}

function check(keys: ReadonlyMap<string, Buffer>, fleetKey: Buffer): void {
  const vault = new Vault({ dataDir, fleetKey });
  for (const [name, key] of keys) {
    using store = open(dir, name, { fleetKey });
    expect(store.authKey()).toEqual(key);
    for (const copy of vault.list(name))
      expect(copy).toMatchObject({ verified: true, fingerprint: store.fingerprint() });
  }
}

test("every session and every copy opens with the new key and with nothing else", () => {
  const keys = fleet(3);
  const files = rekey({ dataDir, oldKey: FLEET_KEY, newKey });
  expect(files).toHaveLength(9);
  expect(files.every(({ outcome }) => outcome === "done")).toBe(true);
  check(keys, newKey);
  expect(codeOf(() => open(dir, "w1"))).toBe("wrong-fleet-key");
  expect(
    rekey({ dataDir, oldKey: FLEET_KEY, newKey }).every(({ outcome }) => outcome === "already"),
  ).toBe(true);
  expect(readdirSync(join(dataDir, "vault", "w1")).filter((name) => name.startsWith("."))).toEqual(
    [],
  );
});

test("killed in the middle, every file opens with one of the two keys, and the next run finishes", async () => {
  const keys = fleet(6);
  const run = spawnNode(REKEYER, [dataDir]);
  await waitFor(() => existsSync(join(dataDir, "started")));
  await waitFor(() => readFileSync(join(dir, "w2.session")).includes(idOf(newKey)), {
    what: "the second session to be done",
  });
  run.kill("SIGKILL");
  await run.exited;
  for (const [name, key] of keys) {
    const opened = [FLEET_KEY, newKey].flatMap((fleetKey) => {
      try {
        using store = open(dir, name, { fleetKey });
        return [store.authKey()];
      } catch {
        return [];
      }
    });
    expect(opened).toEqual([key]);
  }
  expect(
    rekey({ dataDir, oldKey: FLEET_KEY, newKey }).every(
      ({ outcome }) => outcome === "done" || outcome === "already",
    ),
  ).toBe(true);
  check(keys, newKey);
});

test("a session in use stops it before anything is changed", async () => {
  const keys = fleet(2);
  const holder = spawnNode(HOLDER, [dir, "w2"]);
  await holder.waitForOutput(/^open /m);
  const error = errorOf(() => rekey({ dataDir, oldKey: FLEET_KEY, newKey }));
  expect(error.code).toBe("session-in-use");
  expect(error.message).toContain("Stop Flotilla");
  await holder[Symbol.asyncDispose]();
  check(keys, FLEET_KEY);
});

test("a third key or a broken copy fails alone; the same key twice is refused", () => {
  const keys = fleet(1);
  const [copy = ""] = readdirSync(join(dataDir, "vault", "w1"));
  writeFileSync(join(dataDir, "vault", "w1", copy), randomBytes(5000));
  using stranger = open(dir, "stranger", { fleetKey: Buffer.alloc(32, 1) });
  logIn(stranger, { ...ANN, id: "99" });
  stranger.close();
  const failed = rekey({ dataDir, oldKey: FLEET_KEY, newKey }).filter(
    ({ outcome }) => outcome === "failed",
  );
  expect(failed.map(({ file }) => file)).toEqual(["sessions/stranger.session", `vault/w1/${copy}`]);
  expect(failed[0]?.problem?.message).toContain("third key");
  expect(failed.every(({ hopeless }) => hopeless)).toBe(true);
  rmSync(join(dataDir, "vault", "w1", copy));
  check(keys, newKey);
  expect(codeOf(() => rekey({ dataDir, oldKey: newKey, newKey }))).toBe("same-fleet-key");
});

test("an older vault put beside new sessions is done too", () => {
  fleet(1);
  const aside = join(dataDir, "aside");
  cpSync(join(dataDir, "vault"), aside, { recursive: true });
  rekey({ dataDir, oldKey: FLEET_KEY, newKey });
  cpSync(aside, join(dataDir, "vault"), { recursive: true });
  const outcomes = rekey({ dataDir, oldKey: FLEET_KEY, newKey }).map(({ outcome }) => outcome);
  expect(outcomes).toEqual(["already", "done", "done"]);
});

describe("export", () => {
  test.each(["telethon", "gramjs"] as const)(
    "%s: what is written is read again as the same session",
    (format) => {
      const key = make(dir, "ann");
      using store = open(dir, "ann");
      const text = exportSession(store, format);
      const options = {
        dir: join(dataDir, "other"),
        name: "ann",
        fleetKey: FLEET_KEY,
        server: "telegram",
      } as const;
      const parsed = inspectImport({ ...options, source: { kind: "text", text } });
      expect(parsed).toMatchObject({ format: `${format}-string`, dcId: 2 });
      expect(parsed.authKey).toEqual(key);
      if (format === "telethon") expect(text).toHaveLength(353);
    },
  );

  test("nothing without a key, nothing in a login, nothing of a server of one's own", () => {
    using store = open(dir, "ann");
    expect(codeOf(() => exportSession(store, "telethon"))).toBe("no-key");
    logIn(store);
    store.beginLogin();
    expect(codeOf(() => exportSession(store, "telethon"))).toBe("no-key");
    store.setDc({ id: 2, address: "", port: 0 });
    store.setAuthKey(randomBytes(256));
    store.commitLogin(ANN);
    expect(codeOf(() => exportSession(store, "gramjs"))).toBe("export-custom-server");
  });
});

function idOf(fleetKey: Buffer): Buffer {
  const probe = join(dataDir, "probe");
  const path = join(probe, "p.session");
  if (!existsSync(path)) {
    using store = open(probe, "p", { fleetKey });
    logIn(store, { ...ANN, id: "5" });
  }
  const bytes = readFileSync(path).toString("latin1");
  return Buffer.from(/[0-9a-f]{32}/.exec(bytes)?.[0].slice(0, 16) ?? "missing", "latin1");
}
