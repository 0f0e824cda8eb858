import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { claimFleet, fleetPlace, type QueuePlace } from "@flotilla/queue";
import { openSession } from "@flotilla/session-store";
import { type SpawnedProcess, spawnNode } from "@flotilla/testkit";

/** The command line. */
export const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
export const HOLDER = fileURLToPath(new URL("./fixtures/holder.ts", import.meta.url));
export const FLEET_KEY = "07".repeat(32);
export const ANN = { id: "7000001", name: "Ann", username: "ann", phone: "15550001" };

/** The fleet of {@link FLEET_KEY} on this Redis, as its bot makes it. */
export async function fleetOn(url: string): Promise<QueuePlace> {
  const fleetKey = Buffer.from(FLEET_KEY, "hex");
  const fleet = await claimFleet({
    redis: url,
    fleetKey,
    known: null,
    from01: false,
    rekeyedFrom: [],
  });
  return fleetPlace({ redis: url, fleet, fleetKey });
}

/** Exit code and output of a finished command. */
export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A data folder that looks to the command line like a fleet on Telegram. */
const TELEGRAM = { id: 2, address: "149.154.167.51", port: 443 };
/** The server of sessions of an own server: its address is a setting. */
export const OWN_SERVER = { id: 2, address: "", port: 0 };

export class Machine {
  readonly dataDir: string;
  readonly cwd: string;
  env: Record<string, string>;

  constructor(dir: string) {
    this.cwd = dir;
    this.dataDir = join(dir, "data");
    this.env = {
      DATA_DIR: this.dataDir,
      FLEET_KEY,
      BOT_TOKEN: `1:${"a".repeat(30)}`,
      API_ID: "12345",
      API_HASH: "0".repeat(32),
      ADMIN_IDS: "1",
    };
  }

  get sessions(): string {
    return join(this.dataDir, "sessions");
  }

  /** Runs `flotilla …` to its end, without a terminal. */
  async run(args: readonly string[], input?: string | Buffer): Promise<Said> {
    const child = this.start(args, input);
    const { code } = await child.exited;
    return { code, stdout: child.stdout, stderr: child.stderr };
  }

  start(args: readonly string[], input?: string | Buffer): SpawnedProcess {
    return spawnNode(MAIN, args, {
      env: this.env,
      cwd: this.cwd,
      ...(input === undefined ? {} : { input }),
    });
  }

  /** The JSON output of a command that must exit with `code`. */
  async json(
    args: readonly string[],
    code: number,
    input?: string | Buffer,
  ): Promise<Record<string, unknown>> {
    const said = await this.run([...args, "--json"], input);
    if (said.code !== code) throw new Error(`exit code ${said.code}: ${said.stdout}${said.stderr}`);
    return JSON.parse(said.stdout) as Record<string, unknown>;
  }

  /** Creates a logged-in session that no process has open; returns its key. */
  session(name: string, self = ANN, key: Buffer = randomBytes(256), dc = TELEGRAM): Buffer {
    using store = openSession({
      dir: this.sessions,
      name,
      fleetKey: Buffer.from(FLEET_KEY, "hex"),
    });
    store.beginLogin();
    store.setDc(dc);
    store.setAuthKey(key);
    store.commitLogin(self);
    return key;
  }

  /** The present key of a session. */
  keyOf(name: string, fleetKey: string = FLEET_KEY): Buffer | null {
    using store = openSession({
      dir: this.sessions,
      name,
      fleetKey: Buffer.from(fleetKey, "hex"),
      unannounced: true,
    });
    return store.authKey();
  }
}

/** A string of Pyrogram 2. */
export function pyrogram(key: Buffer, userId = 7000001n): string {
  const bytes = Buffer.alloc(271);
  bytes.writeUInt8(2, 0);
  bytes.writeUInt32BE(12345, 1);
  key.copy(bytes, 6);
  bytes.writeBigUInt64BE(userId, 262);
  return bytes.toString("base64url");
}
