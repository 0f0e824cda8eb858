import { randomBytes } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { findFleetKeys, keepKeyFile, loadFleetKey, Secret } from "@flotilla/config";
import { AppError, fleetKeyId } from "@flotilla/kernel";
import { fittingFleetKey, openSession, Vault, wantedFleetKeys } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";

let dir = "";
let key: Buffer = Buffer.alloc(0);

beforeEach(async () => {
  dir = await testDir("key-");
  key = loadFleetKey(null, dir);
});

function session(name: string, fleetKey = key): void {
  using store = openSession({ dir: `${dir}/sessions`, name, fleetKey });
  store.beginLogin();
  store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
  store.setAuthKey(randomBytes(256));
  store.commitLogin({
    id: String(randomBytes(4).readUInt32LE()),
    name,
    username: null,
    phone: null,
  });
}

/** What a start with this FLEET_KEY ends with. */
function start(env: string | null = null): { key: Buffer | null; code: string; message: string } {
  const configured = env === null ? null : new Secret(env);
  try {
    const got = fittingFleetKey(
      dir,
      () => loadFleetKey(configured, dir),
      findFleetKeys(configured, dir),
    );
    return { key: got, code: "", message: "" };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { key: null, code: error.code, message: error.message };
  }
}

const file = (): string => `${dir}/fleet.key`;

describe("a start without the key that the sessions want", () => {
  test("is refused with the name of that key and of the sessions; no new key is made", () => {
    session("ann");
    session("ben");
    rmSync(file());
    expect(start()).toMatchObject({
      key: null,
      code: "no-fleet-key",
      message: expect.stringContaining(fleetKeyId(key)),
    });
    expect(start().message).toMatch(
      /ann, ben want the key .* backups of the data folder, in \.env \(FLEET_KEY\)/,
    );
    expect(existsSync(file())).toBe(false);
  });

  test.each(["fleet.key.old", "fleet.key.bak", "fleet.key.next", "fleet-copy.key"])(
    "says that the key is in %s",
    (name) => {
      session("ann");
      renameSync(file(), `${dir}/${name}`);
      expect(start()).toMatchObject({
        code: "no-fleet-key",
        message: expect.stringContaining(`That key is in ${dir}/${name}.`),
      });
    },
  );

  test("is refused when only backups of sessions, or unreadable sessions, are left", () => {
    session("ann");
    const store = openSession({ dir: `${dir}/sessions`, name: "ann", fleetKey: key });
    new Vault({ dataDir: dir, fleetKey: key }).backup(store, "manual");
    store.close();
    rmSync(file());
    rmSync(`${dir}/sessions`, { recursive: true });
    expect(start().code).toBe("no-fleet-key");
    rmSync(`${dir}/vault`, { recursive: true });
    mkdirSync(`${dir}/sessions`);
    writeFileSync(`${dir}/sessions/x.session`, "damaged");
    expect(start().code).toBe("no-fleet-key");
    rmSync(`${dir}/sessions`, { recursive: true });
    expect(start().key, "an empty folder gets a new key").toHaveLength(32);
  });

  test.each([0, 1, 32, 63])(
    "with a key file of %i characters says what is wanted, and leaves it as it is",
    (length) => {
      session("ann");
      const cut = readFileSync(file(), "utf8").slice(0, length);
      copyFileSync(file(), `${dir}/fleet.key.old`);
      writeFileSync(file(), cut);
      expect(start()).toMatchObject({
        code: "bad-fleet-key",
        message: expect.stringContaining(fleetKeyId(key)),
      });
      expect(start().message).toContain(`That key is in ${dir}/fleet.key.old.`);
      expect(readFileSync(file(), "utf8")).toBe(cut);
    },
  );

  test("with another key than all sessions want is refused, from the file and from FLEET_KEY", () => {
    session("ann");
    const other = randomBytes(32).toString("hex");
    expect(start(other)).toMatchObject({
      code: "wrong-fleet-key",
      message: expect.stringContaining(`That key is in ${file()}.`),
    });
    expect(start(other).message).toContain(
      `FLEET_KEY in the environment (or .env) is another key than ${file()}: remove it`,
    );
    expect(start(other).message).not.toContain("Put it back");
    writeFileSync(file(), `${other}\n`);
    expect(start()).toMatchObject({
      code: "wrong-fleet-key",
      message: expect.stringContaining("ann wants the key"),
    });
    expect(start(key.toString("base64")).key, "FLEET_KEY has the right one").toEqual(key);
    for (const secret of [other, key.toString("hex")])
      expect(start().message).not.toContain(secret);
  });

  test("with a wrong key in FLEET_KEY and in the file, or with none in the file, says what to set", () => {
    session("ann");
    const [one, two] = [randomBytes(32).toString("hex"), randomBytes(32).toString("hex")];
    renameSync(file(), `${dir}/fleet.key.old`);
    writeFileSync(file(), `${two}\n`, { mode: 0o600 });
    for (const there of [two, two.slice(1), ""]) {
      writeFileSync(file(), there);
      expect(start(one), there).toMatchObject({ code: "wrong-fleet-key" });
      expect(start(one).message).toContain(`That key is in ${dir}/fleet.key.old.`);
      expect(start(one).message).toContain(
        "set FLEET_KEY to the right one, or remove it and put the right one back as fleet.key",
      );
    }
    rmSync(`${dir}/fleet.key.old`);
    expect(start(one).message).toContain("Look for it in your backups");
    expect(start(two).message).toContain("FLEET_KEY in the environment (or .env) is another key: ");
  });

  test.each([
    ["CRLF", (text: string) => text.replace("\n", "\r\n")],
    ["a byte order mark", (text: string) => `\uFEFF${text}`],
    ["no newline", (text: string) => text.trim()],
    ["blank lines", (text: string) => `\n ${text}\n\n`],
  ])("a key file with %s is the same key", (_what, edit) => {
    session("ann");
    writeFileSync(file(), edit(readFileSync(file(), "utf8")));
    expect(start().key).toEqual(key);
  });

  test("a key file that others may read is refused with its remedy alone", () => {
    session("ann");
    chmodSync(file(), 0o644);
    expect(start()).toMatchObject({
      code: "bad-fleet-key",
      message: `The key file ${file()} is readable by others. Run: chmod 600 ${file()}`,
    });
  });

  test("a change of the key that was cut off: both keys fit, until none is left for one of them", () => {
    session("ann");
    const next = randomBytes(32);
    session("ben", next);
    expect(wantedFleetKeys(dir)).toHaveLength(2);
    expect(start().key).toEqual(key);
    expect(start(next.toString("hex")).key).toEqual(next);
    expect(start(randomBytes(32).toString("hex")).code).toBe("wrong-fleet-key");
  });
});

describe("a key file while its fleet runs", () => {
  test.each([
    ["with hard links", "EEXIST"],
    ["without them", "EPERM"],
  ])(
    "that another process writes back at the same moment stays as it wrote it (%s)",
    async (_how, code) => {
      const dir = await testDir();
      const [key, other] = [randomBytes(32), randomBytes(32)];
      const path = join(dir, "fleet.key");
      const late = (theirs: Buffer) => (): never => {
        writeFileSync(path, `${theirs.toString("hex")}\n`, { mode: 0o600 });
        throw Object.assign(new Error(code), { code });
      };
      expect(keepKeyFile(dir, key, late(key))).toBe("ok");
      rmSync(path);
      expect(keepKeyFile(dir, key, late(other))).toBe("changed");
      expect(readdirSync(dir)).toEqual(["fleet.key"]);
    },
  );

  test("is written back when it is gone, for this user alone, and never over another one", () => {
    expect(keepKeyFile(dir, key)).toBe("ok");
    rmSync(file());
    expect(keepKeyFile(dir, key)).toBe("written-back");
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(loadFleetKey(null, dir)).toEqual(key);
    writeFileSync(file(), `${randomBytes(32).toString("hex")}\n`);
    const before = readFileSync(file(), "utf8");
    expect(keepKeyFile(dir, key)).toBe("changed");
    writeFileSync(file(), "");
    expect(keepKeyFile(dir, key)).toBe("damaged");
    expect(before).not.toContain(key.toString("hex"));
    rmSync(dir, { recursive: true });
    expect(keepKeyFile(dir, key), "a folder that was taken away is not made again").toBe(
      "folder-gone",
    );
    expect(existsSync(dir)).toBe(false);
  });
});
