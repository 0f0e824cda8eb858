import type { ProxyRoute } from "@flotilla/kernel";
import type { Log } from "../wire/log.ts";
import type { FloodGate } from "./flood-gate.ts";
import type { TelegramServer } from "./server.ts";

/** Values from https://my.telegram.org. */
export interface ApiCredentials {
  readonly id: number;
  readonly hash: string;
}

/** Device name in Settings → Devices of the account. Honest and constant (docs/safety.md). */
export interface DeviceIdentity {
  readonly deviceModel: string;
  readonly systemVersion: string;
  readonly appVersion: string;
  readonly langCode: string;
}

/** The identity of a worker, the same for its login and every later connection. */
export function workerIdentity(worker: string): DeviceIdentity {
  return {
    deviceModel: `Flotilla ${worker}`,
    systemVersion: "Node.js",
    appVersion: "1.0.0",
    langCode: "en",
  };
}

/** Settings that all connections of an account share. */
export interface AccountOptions {
  readonly server: TelegramServer;
  readonly api: ApiCredentials;
  readonly identity: DeviceIdentity;
  readonly log: Log;
  /**
   * The account's flood gate; without it each connection makes its own over the same stored waits.
   */
  readonly gate?: FloodGate;
  /**
   * The proxy, evaluated per connection; direct when absent or null. A failing proxy is never
   * bypassed.
   */
  readonly proxy?: () => ProxyRoute | null;
  /** Local IP address of connections; absent = the system chooses. */
  readonly localAddress?: string;
  /**
   * Whether this process still owns the session (invariant 2). Evaluated in the same turn of the
   * event loop as each write to the socket; `false` closes the connection instead. Absent = always.
   */
  readonly mayAct?: () => boolean;
  /**
   * True = another machine may take the session over: Telegram is asked to close the connection
   * soon after the last ping. Default: false.
   */
  readonly contested?: boolean;
}
