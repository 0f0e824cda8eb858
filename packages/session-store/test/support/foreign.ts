import { DatabaseSync } from "node:sqlite";

/** What a fixture of another program holds. */
export interface Foreign {
  readonly dcId?: number;
  readonly address?: string;
  readonly port?: number;
  readonly key: Uint8Array | null;
  readonly userId?: number | null;
  readonly apiId?: number;
  readonly testMode?: number;
  readonly isBot?: number;
}

/**
 * Telethon's `.session` of version 4 to 7, as its own code creates and upgrades it
 * (docs/gramjs.md).
 */
export function telethonFile(path: string, version: 4 | 5 | 6 | 7, foreign: Foreign): void {
  const db = new DatabaseSync(path);
  db.exec("CREATE TABLE version (version INTEGER PRIMARY KEY)");
  const takeout = version >= 5 ? ", takeout_id INTEGER" : "";
  db.exec(
    `CREATE TABLE sessions (dc_id INTEGER PRIMARY KEY, server_address TEXT, port INTEGER,
      auth_key BLOB${version >= 4 ? takeout : ""})`,
  );
  const date = version >= 7 ? ", date INTEGER" : "";
  db.exec(
    `CREATE TABLE entities (id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, username TEXT,
      phone INTEGER, name TEXT${date})`,
  );
  db.exec(
    `CREATE TABLE sent_files (md5_digest BLOB, file_size INTEGER, type INTEGER, id INTEGER,
      hash INTEGER, PRIMARY KEY (md5_digest, file_size, type))`,
  );
  db.exec(
    "CREATE TABLE update_state (id INTEGER PRIMARY KEY, pts INTEGER, qts INTEGER, date INTEGER, seq INTEGER)",
  );
  db.prepare("INSERT INTO version VALUES (?)").run(version);
  const { dcId = 2, address = "149.154.167.51", port = 443, key, userId = 7000001 } = foreign;
  db.prepare(
    "INSERT INTO sessions (dc_id, server_address, port, auth_key) VALUES (?, ?, ?, ?)",
  ).run(dcId, address, port, key);
  const entity = db.prepare(
    "INSERT INTO entities (id, hash, username, phone, name) VALUES (?, ?, ?, ?, ?)",
  );
  if (userId !== null) entity.run(0, userId, null, null, null);
  entity.run(7000001, -9223372036854775808n, "Ann", 15550001, "Ann A");
  entity.run(-1000001234567, 8123456789012345678n, "news", null, "News");
  entity.run(-4242, 0, null, null, "Group");
  const state = db.prepare("INSERT INTO update_state VALUES (?, ?, ?, ?, ?)");
  state.run(0, 5000, 7, 1_760_000_000, 9);
  state.run(1234567, 88, 0, 1_760_000_000, 0);
  db.close();
}

/**
 * Pyrogram's version 3, its version 4 with a table of names, or Kurigram's version 7 with addresses
 * and update state.
 */
export function pyrogramFile(path: string, version: 3 | 4 | 7, foreign: Foreign): void {
  const db = new DatabaseSync(path);
  const {
    dcId = 2,
    address = "149.154.167.51",
    port = 443,
    key,
    userId = 7000001,
    apiId = 12345,
    testMode = 0,
    isBot = 0,
  } = foreign;
  const place = version === 7 ? ", server_address TEXT, port INTEGER" : "";
  db.exec(
    `CREATE TABLE sessions (dc_id INTEGER PRIMARY KEY, api_id INTEGER, test_mode INTEGER,
      auth_key BLOB, date INTEGER NOT NULL, user_id INTEGER, is_bot INTEGER${place})`,
  );
  const username = version === 3 ? ", username TEXT" : "";
  db.exec(
    `CREATE TABLE peers (id INTEGER PRIMARY KEY, access_hash INTEGER, type INTEGER NOT
      NULL${username}, phone_number TEXT, last_update_on INTEGER NOT NULL DEFAULT 1)`,
  );
  db.exec("CREATE TABLE version (number INTEGER PRIMARY KEY)");
  db.prepare("INSERT INTO version VALUES (?)").run(version);
  db.prepare(
    `INSERT INTO sessions (dc_id, api_id, test_mode, auth_key, date, user_id, is_bot) VALUES
      (?, ?, ?, ?, 0, ?, ?)`,
  ).run(dcId, apiId, testMode, key, userId, isBot);
  if (version === 7)
    db.prepare("UPDATE sessions SET server_address = ?, port = ?").run(address, port);
  db.prepare(
    "INSERT INTO peers (id, access_hash, type, phone_number) VALUES (?, ?, 'channel', NULL)",
  ).run(-1000001234567, 8123456789012345678n);
  if (version === 3) db.exec("UPDATE peers SET username = 'News'");
  else
    db.exec(
      `CREATE TABLE usernames (id INTEGER, username TEXT); INSERT INTO usernames VALUES
        (-1000001234567, 'News')`,
    );
  if (version === 7) {
    db.exec(
      `CREATE TABLE update_state (id INTEGER PRIMARY KEY, pts INTEGER, qts INTEGER, date
        INTEGER, seq INTEGER)`,
    );
    db.exec(
      "INSERT INTO update_state VALUES (0, 5000, 7, 1760000000, 9), (-1000001234567, 88, 0, 0, 0)",
    );
  }
  db.close();
}

/** The strings, packed the way the other programs' sources do. */
export const strings = {
  gramJs: (dcId: number, address: string, port: number, key: Buffer): string => {
    const text = Buffer.from(address);
    const bytes = Buffer.concat([u8(dcId), u16(text.length), text, u16(port), key]);
    return `1${bytes.toString("base64")}`;
  },
  telethon: (dcId: number, ip: Buffer, port: number, key: Buffer): string =>
    `1${pad(Buffer.concat([u8(dcId), ip, u16(port), key]).toString("base64url"))}`,
  pyrogram: (
    dcId: number,
    apiId: number,
    testMode: number,
    key: Buffer,
    userId: bigint,
    isBot: number,
  ): string =>
    Buffer.concat([u8(dcId), u32(apiId), u8(testMode), key, u64(userId), u8(isBot)]).toString(
      "base64url",
    ),
  pyrogramOld: (
    dcId: number,
    testMode: number,
    key: Buffer,
    userId: bigint,
    wide: boolean,
    isBot = 0,
  ): string =>
    Buffer.concat([
      u8(dcId),
      u8(testMode),
      key,
      wide ? u64(userId) : u32(Number(userId)),
      u8(isBot),
    ]).toString("base64url"),
};

function pad(text: string): string {
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => number(2, (bytes) => bytes.writeUInt16BE(value));
const u32 = (value: number): Buffer => number(4, (bytes) => bytes.writeUInt32BE(value));
const u64 = (value: bigint): Buffer => number(8, (bytes) => bytes.writeBigUInt64BE(value));

function number(length: number, write: (bytes: Buffer) => unknown): Buffer {
  const bytes = Buffer.alloc(length);
  write(bytes);
  return bytes;
}
