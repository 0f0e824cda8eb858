import type { ProxyRoute } from "@flotilla/kernel";
import type { Log } from "../wire/log.ts";
import type { FloodGate } from "./flood-gate.ts";
import type { TelegramServer } from "./server.ts";

/** What the operator got from https://my.telegram.org. */
export interface ApiCredentials {
  readonly id: number;
  readonly hash: string;
}

/** What the account's owner sees in Settings → Devices. Honest and constant (docs/safety.md). */
export interface DeviceIdentity {
  readonly deviceModel: string;
  readonly systemVersion: string;
  readonly appVersion: string;
  readonly langCode: string;
}

/** The identity of a worker: the same for its login and for every connection after it. */
export function workerIdentity(worker: string): DeviceIdentity {
  return { deviceModel: `Flotilla ${worker}`, systemVersion: "Node.js", appVersion: "0.1.0", langCode: "en" };
}

/** Everything that stays the same from one connection of an account to the next. */
export interface AccountOptions {
  readonly server: TelegramServer;
  readonly api: ApiCredentials;
  readonly identity: DeviceIdentity;
  readonly log: Log;
  /** The account's patience; without it each connection makes one of its own over the same stored waits. */
  readonly gate?: FloodGate;
  /** The way to Telegram, asked for once per connection; direct when absent or null. Nothing goes around a proxy that fails. */
  readonly proxy?: () => ProxyRoute | null;
  /** Local IP address to connect from; the system chooses when absent. */
  readonly localAddress?: string;
  /**
   * Whether this process still owns the session (invariant 2). Asked in the same turn of the event loop as each write to the
   * socket; `false` closes the connection instead. Absent = always.
   */
  readonly mayAct?: () => boolean;
  /** Another machine may take the session over: Telegram is asked to close the connection soon after the last ping. Default: false. */
  readonly contested?: boolean;
}
