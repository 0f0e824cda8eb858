import { AppError } from "@flotilla/kernel";
import type { MovableClock } from "../world/clock.ts";
import type { DcAddress, DifferenceLimits } from "./rpc/call.ts";
import { TelegramServer } from "./server.ts";
import { gramjsSchema } from "./tl/gramjs-schema.ts";
import { Layers } from "./tl/layers.ts";
import type { TlObject, TlSchema } from "./tl/schema.ts";
import { WorldApi } from "./world-api.ts";

export type { DcAddress, DifferenceLimits } from "./rpc/call.ts";
export type { TlSchema } from "./tl/schema.ts";

/** How to start the local Telegram. */
export interface MtprotoOptions {
  readonly clock: MovableClock;
  /** Address of the default DC, 127.x.x.x; default 127.0.0.1. */
  readonly host?: string;
  /** DC → port; default 0 (any free one). */
  readonly ports?: Readonly<Record<number, number>>;
  /** The DCs there are, the default one first; default 2 and 4. */
  readonly dcs?: readonly number[];
  /** Where keys, accounts and messages are kept; without it they are gone at the end. */
  readonly stateFile?: string;
  /** Called with one line for everything worth telling an operator. No codes, keys or passwords. */
  readonly log?: (line: string) => void;
  /** Further layers to speak, besides the one of the `telegram` package. */
  readonly schemas?: readonly TlSchema[];
  /** When answers to update queries are cut. */
  readonly limits?: Partial<DifferenceLimits>;
}

/** A local Telegram that is running. */
export interface LocalTelegram {
  readonly world: WorldApi;
  /** Port of a DC. Throws RangeError for a DC that does not exist. */
  port(dc: number): number;
  /** Where each DC listens; the same as clients read in help.getConfig. */
  readonly addresses: () => DcAddress[];
  /** PKCS#1, to be trusted by clients. */
  readonly publicKeyPem: string;
  /** RSA key fingerprint as clients compare it: signed 64-bit decimal. */
  readonly keyFingerprint: string;
  close(): Promise<void>;
  /** Pushes an `updates` whose `seq` says that some before it were not delivered. */
  pushSeqGap(phone: string): void;
}

/** What only code in the same process can make it do. */
export interface LocalTelegramServer extends LocalTelegram {
  /**
   * Pushes updateServiceNotification, a text from Telegram outside all chats, to every session of
   * an account.
   */
  notify(phone: string, text: string): void;
  /** Pushes updatesTooLong to every session of an account: "ask for the difference". */
  pushTooLong(phone: string): void;
}

const DEFAULT_LIMITS: DifferenceLimits = {
  slice: 100,
  tooLong: 10_000,
  channelPage: 100,
  channelTooLong: 1000,
};

/**
 * Starts data centres on loopback that speak MTProto 2.0. The default DC listens on `host`, each
 * other DC `n` on
 * 127.0.0.n, so that a client that knows only addresses (GramJS drops the port it is given) can
 * tell them apart. Rejects with the system's error for a port that is taken, with AppError
 * `not-loopback`, `bad-state-file`.
 */
export async function startTelegram(options: MtprotoOptions): Promise<LocalTelegramServer> {
  const server = new TelegramServer({
    clock: options.clock,
    listeners: listenersOf(options),
    layers: new Layers([gramjsSchema(), ...(options.schemas ?? [])]),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    stateFile: options.stateFile ?? null,
    log: options.log ?? (() => {}),
  });
  try {
    await server.open();
  } catch (error) {
    await server.close();
    throw error;
  }
  const { world, connections, faults, dispatcher } = server;
  return {
    world: new WorldApi({ world, connections, faults, counters: () => dispatcher.counters() }),
    port: (dc) => portOf(server, dc),
    addresses: () => server.addresses(),
    publicKeyPem: server.rsa.publicPem,
    keyFingerprint: server.rsa.fingerprint.toString(),
    notify: (phone, text) => broadcast(server, phone, notification(text)),
    pushTooLong: (phone) => broadcast(server, phone, { _: "updatesTooLong" }),
    pushSeqGap: (phone) => pushSeqGap(server, phone),
    close: () => server.close(),
  };
}

function notification(text: string): TlObject {
  const update = {
    _: "updateServiceNotification",
    popup: true,
    type: "SANDBOX",
    message: text,
    media: { _: "messageMediaEmpty" },
    entities: [],
  };
  return { _: "updateShort", update, date: Math.floor(Date.now() / 1000) };
}

function broadcast(server: TelegramServer, phone: string, update: TlObject): void {
  const account = server.world.byPhone(phone);
  if (!account)
    throw new AppError("no-such-account", `There is no account with the phone number ${phone}.`);
  server.pusher.broadcast(account, update);
}

function pushSeqGap(server: TelegramServer, phone: string): void {
  const account = server.world.byPhone(phone);
  if (account) account.seq += 2;
  const date = Math.floor(server.world.clock.now() / 1000);
  broadcast(server, phone, {
    _: "updates",
    updates: [],
    users: [],
    chats: [],
    date,
    seq: account?.seq ?? 0,
  });
}

function listenersOf({
  host = "127.0.0.1",
  ports = {},
  dcs = [2, 4],
}: MtprotoOptions): { id: number; host: string; port: number }[] {
  return dcs.map((id, index) => ({
    id,
    host: index === 0 ? host : `127.0.0.${id}`,
    port: ports[id] ?? 0,
  }));
}

function portOf(server: TelegramServer, dc: number): number {
  const centre = server.centres.find((candidate) => candidate.id === dc);
  if (!centre) throw new RangeError(`there is no DC ${dc}`);
  return centre.port;
}
