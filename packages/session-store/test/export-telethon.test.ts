import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportTelethonFile, inspectImport } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { beforeEach, expect, test } from "vitest";
import { ANN, codeOf, FLEET_KEY, logIn, open } from "./support/kit.ts";
import { telethon } from "./support/telethon.ts";

const KEY = randomBytes(256);
let dir = "";
let out = "";
beforeEach(async () => {
  const base = await testDir();
  dir = join(base, "sessions");
  mkdirSync(join(base, "out"));
  out = join(base, "out", "ann.session");
});

/** A session that knows chats and has a position in the updates. */
function known() {
  const store = open(dir, "ann");
  logIn(store, ANN, KEY);
  store.entities.upsert([
    { id: ANN.id, hash: "-9223372036854775808", username: "ann", phone: "15550001", name: "Ann A" },
    {
      id: "-1001234567890",
      hash: "8123456789012345678",
      username: "newsroom",
      phone: null,
      name: "News",
    },
  ]);
  store.updates.commit(
    {
      account: { pts: 5000, qts: 7, date: 1_760_000_000, seq: 9 },
      channels: [{ id: "1234567890", pts: 88 }],
    },
    () => false,
  );
  return store;
}

test(
  "a Telethon file holds the key, whom the session knows and where its updates stand, and " +
    "comes back by an import",
  () => {
    {
      using store = known();
      exportTelethonFile(store, out);
    }
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(out, "..")), "no journal, no scratch").toEqual(["ann.session"]);
    const elsewhere = {
      dir: join(dir, "..", "other"),
      name: "ann",
      fleetKey: FLEET_KEY,
      server: "telegram" as const,
    };
    const back = inspectImport({ ...elsewhere, source: { kind: "file", path: out } });
    expect(back).toMatchObject({
      format: "telethon-file",
      userId: ANN.id,
      dcId: 2,
      channels: [{ id: "1234567890", pts: 88 }],
    });
    expect(back.authKey).toEqual(KEY);
    expect(back.updateState).toEqual({ pts: 5000, qts: 7, date: 1_760_000_000, seq: 9 });
    expect(back.entities.map(({ id, hash }) => [id, hash]).toSorted()).toEqual([
      ["-1001234567890", "8123456789012345678"],
      [ANN.id, "-9223372036854775808"],
    ]);
  },
);

test("nothing is overwritten, and nothing is left where it cannot be written or there is no key", () => {
  using store = known();
  writeFileSync(out, "mine");
  expect(codeOf(() => exportTelethonFile(store, out))).toBe("export-file");
  expect(readdirSync(join(out, ".."))).toEqual(["ann.session"]);
  expect(statSync(out).size).toBe(4);
  using empty = open(dir, "bob");
  expect(codeOf(() => exportTelethonFile(empty, `${out}.new`))).toBe("no-key");
  expect(existsSync(`${out}.new`)).toBe(false);
});

const SCRIPT = `
import sys, json
from telethon.sessions import SQLiteSession
s = SQLiteSession(sys.argv[1])
state = s.get_update_state(0)
states = {str(k): v.pts for k, v in s.get_update_states()}
peer = s.get_input_entity('newsroom')
print(json.dumps(dict(
  dc=s.dc_id, address=s.server_address, port=s.port, key=s.auth_key.key.hex(),
  pts=state.pts, qts=state.qts, seq=state.seq,
  states=states, channel=peer.channel_id, hash=str(peer.access_hash))))
s.set_update_state(0, state); s.save(); s.close()`;

test.skipIf(!telethon)(
  `Telethon itself (${telethon?.version ?? "not installed"}) opens it and writes to it`,
  () => {
    {
      using store = known();
      exportTelethonFile(store, out);
    }
    const read = spawnSync(telethon?.python ?? "", ["-c", SCRIPT, out], { encoding: "utf8" });
    expect(read.stderr).toBe("");
    expect(JSON.parse(read.stdout)).toEqual({
      dc: 2,
      address: "149.154.167.51",
      port: 443,
      key: KEY.toString("hex"),
      pts: 5000,
      qts: 7,
      seq: 9,
      states: { "0": 5000, "1234567890": 88 },
      channel: 1234567890,
      hash: "8123456789012345678",
    });
  },
);
