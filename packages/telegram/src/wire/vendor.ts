/**
 * The only module that touches the internals of `telegram` (GramJS). The library is archived, so
 * that its private members do not change; `assertVendor` ensures that exactly the audited version
 * is installed.
 */
import { createRequire } from "node:module";
import { AppError } from "@flotilla/kernel";
import { type Api, TelegramClient } from "telegram";
import { _serverKeys } from "telegram/crypto/RSA.js";
import vendorErrors from "telegram/errors/index.js";
import { MTProtoSender } from "telegram/network/index.js";
import type { VendorState } from "./messages.ts";
import { VendorLogger } from "./vendor-log.ts";

/** The audited version. Another one may have moved what the hooks rely on. */
const VERSION = "2.26.22";

/**
 * RSA keys that GramJS accepts from a server; signed decimal fingerprint → key. Process-wide, as in
 * GramJS.
 */
export const serverKeys = _serverKeys as Map<string, { n: unknown; e: number }>;

/** A request that waits to be sent or answered. */
export interface VendorRequest {
  promise?: Promise<unknown>;
  reject(reason: unknown): void;
}

/** Private members of `MTProtoSender` that the hooks use. */
export interface VendorSender {
  send<T>(request: Api.AnyRequest): Promise<T>;
  _connection:
    | { _connected: boolean; _recvArray: { push(value: unknown): Promise<void> } }
    | undefined;
  _handlers: Record<string, (message: { obj: never }) => Promise<void> | void>;
  _processMessage(message: unknown): Promise<void>;
  _pendingState: { values(): VendorRequest[]; clear(): void };
  _sendQueue: {
    _pendingStates: VendorRequest[];
    _queue: (VendorRequest | undefined)[];
    append(state: undefined): void;
  };
  _state: VendorState;
  _updateCallback: (client: unknown, update: unknown) => void;
  _handleBadAuthKey(skipForMain?: boolean): void;
  _userConnected: boolean;
  _retries: number;
  userDisconnected: boolean;
  reconnect(): void;
  _reconnect(): Promise<void>;
}

/** Private members of `TelegramClient` that the hooks use. */
export interface VendorClient {
  _sender: VendorSender | undefined;
  _loopStarted: boolean;
  _destroyed: boolean;
  _handleReconnect(): Promise<void>;
  _switchDC(dc: number): Promise<boolean>;
  getSender(dc?: number): Promise<unknown>;
  invoke(request: Api.AnyRequest): Promise<unknown>;
  connect(): Promise<boolean>;
  onError: (error: Error) => Promise<void>;
  _entityCache: { add(entities: unknown): void };
}

/** The server's original error. GramJS's error classes lose it (docs/gramjs.md). */
export interface RawRpcError {
  readonly code: number;
  readonly text: string;
  readonly method: string;
}

const RAW = Symbol("flotilla.rawRpcError");
const SENDER_MEMBERS = (
  "send _handlers _processMessage _pendingState _sendQueue _state _handleBadAuthKey _retries " +
  "reconnect _reconnect"
).split(" ");
const CLIENT_MEMBERS =
  "_loopStarted _destroyed _handleReconnect _switchDC getSender invoke connect _entityCache".split(
    " ",
  );

/**
 * The server's original error in an error of GramJS; null when it is not an answer of the server.
 */
export function rawRpcError(error: unknown): RawRpcError | null {
  if (typeof error !== "object" || error === null || !(RAW in error)) return null;
  return error[RAW] as RawRpcError;
}

/** Throws AppError `vendor-mismatch` when the installed library is not the audited one. */
export function assertVendor(client: TelegramClient): void {
  const { version } = createRequire(import.meta.url)("telegram/package.json") as {
    version: string;
  };
  if (version !== VERSION) throw mismatch(`version ${version} instead of ${VERSION}`);
  for (const member of CLIENT_MEMBERS)
    if (!(member in client)) throw mismatch(`TelegramClient.${member} is gone`);
  const sender = new MTProtoSender(undefined, { logger: new VendorLogger(() => {}) } as never);
  for (const member of SENDER_MEMBERS)
    if (!(member in sender)) throw mismatch(`MTProtoSender.${member} is gone`);
}

function mismatch(what: string): AppError {
  return new AppError(
    "vendor-mismatch",
    `The installed "telegram" library is not the one this program was built for: ${what}.`,
  );
}

type ErrorFactory = (
  error: { errorCode: number; errorMessage: string },
  request?: { className?: string },
) => Error;

/**
 * Keeps code and text of every RPC error. GramJS looks the function up at each call, so replacing
 * it works.
 */
function keepRawErrors(): void {
  const module = vendorErrors as unknown as { RPCMessageToError: ErrorFactory };
  const original = module.RPCMessageToError;
  module.RPCMessageToError = (rpc, request) => {
    const raw: RawRpcError = {
      code: rpc.errorCode,
      text: rpc.errorMessage,
      method: request?.className ?? "",
    };
    return Object.assign(original(rpc, request), { [RAW]: raw });
  };
}

keepRawErrors();

export { TelegramClient };
