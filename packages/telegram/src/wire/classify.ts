import {
  classifySystem,
  classOfCode,
  type ErrorClass,
  type Fault,
  FaultError,
} from "@flotilla/contracts";
import { AppError, toError } from "@flotilla/kernel";
import { lostReason } from "./fault.ts";
import { type RawRpcError, rawRpcError } from "./vendor.ts";

/**
 * The meaning of an error for the session. Total: any value gives a fault, and no part of it
 * contains a secret. The codes are those of https://core.telegram.org/api/errors as GramJS passes
 * them on (docs/gramjs.md); the number in the error decides, then the text.
 */
export function classify(error: unknown): Fault {
  const rpc = rawRpcError(error);
  if (rpc) return classifyRpc(rpc);
  if (error instanceof FaultError) return error.fault;
  if (error instanceof AppError) return classifyOurs(error);
  return classifyForeign(asError(error));
}

/** `toError` for values that cannot be converted to text. */
function asError(thrown: unknown): Error {
  try {
    return toError(thrown);
  } catch {
    return new Error("something that has no text was thrown");
  }
}

/** {@link classify} for a server's answer as data. */
export function classifyRpc(rpc: RawRpcError): Fault {
  const code = rpc.text.slice(0, MAX_CODE) || `RPC_${rpc.code}`;
  const method = rpc.method ? ` to ${rpc.method}` : "";
  const message = `Telegram answered ${rpc.code} ${code}${method}.`.slice(0, MAX_MESSAGE);
  const waitS = waitOf(rpc);
  const found = waitS === null ? classOf(rpc) : "FLOOD";
  if (waitS === null) return { class: found, code, message };
  return { class: found, code, message, waitS };
}

const MAX_CODE = 120;
const MAX_MESSAGE = 500;
/**
 * Seconds to wait after transport error -429 ("too many connections from your address"), which
 * states none.
 */
const TRANSPORT_FLOOD_S = 60;
/** A longer wait, in seconds (about 30 years), is a broken answer. */
const MAX_WAIT_S = 1_000_000_000;

/** By exact text, or by its beginning when it ends in `_`. The first match wins. */
const TABLE: readonly (readonly [ErrorClass, readonly string[]])[] = [
  ["BANNED", ["USER_DEACTIVATED", "USER_DEACTIVATED_BAN", "PHONE_NUMBER_BANNED", "FROZEN_"]],
  [
    "AUTH_DEAD",
    [
      "AUTH_KEY_UNREGISTERED",
      "AUTH_KEY_DUPLICATED",
      "AUTH_KEY_INVALID",
      "AUTH_KEY_PERM_EMPTY",
      "SESSION_REVOKED",
      "SESSION_EXPIRED",
      "SESSION_PASSWORD_NEEDED",
    ],
  ],
  ["LIMITED", ["PEER_FLOOD", "USER_RESTRICTED"]],
  ["FLOOD", ["PHONE_NUMBER_FLOOD", "PHONE_PASSWORD_FLOOD"]],
  [
    "SOURCE",
    [
      "CHANNEL_PRIVATE",
      "CHANNEL_INVALID",
      "CHAT_WRITE_FORBIDDEN",
      "CHAT_FORWARDS_RESTRICTED",
      "CHAT_SEND_",
      "CHAT_ADMIN_REQUIRED",
      "USER_BANNED_IN_CHANNEL",
    ],
  ],
  ["TG_SERVER", ["PERSISTENT_TIMESTAMP_OUTDATED", "AUTH_RESTART", "AUTH_RESTART_", "MSG_WAIT_"]],
  ["GAP", ["PERSISTENT_TIMESTAMP_"]],
  [
    "CONFIG",
    [
      "API_ID_INVALID",
      "API_ID_PUBLISHED_FLOOD",
      "CONNECTION_",
      "INPUT_LAYER_INVALID",
      "UPDATE_APP_TO_LOGIN",
      "USER_MIGRATE_",
      "NETWORK_MIGRATE_",
    ],
  ],
];

function classOf({ code, text }: RawRpcError): ErrorClass {
  for (const [found, names] of TABLE) {
    if (names.some((name) => text === name || (name.endsWith("_") && text.startsWith(name))))
      return found;
  }
  if (code === 401) return "AUTH_DEAD";
  // 303, 400, 403, 404 and 406 are answers to one call; every other code, known or not, counts as
  // 500.
  if (code === 400 || code === 403 || code === 404 || code === 406 || code === 303)
    return "REQUEST";
  return "TG_SERVER";
}

const WAITS = [
  "FLOOD(?:_PREMIUM|_TEST_PHONE)?_WAIT",
  "SLOWMODE_WAIT",
  "2FA_CONFIRM_WAIT",
  "TAKEOUT_INIT_DELAY",
  "(?:PASSWORD|SESSION)_TOO_FRESH",
];
const WAIT = new RegExp(String.raw`^(?:${WAITS.join("|")})_(\d+)$`);

/** Seconds to wait, or null. `FROZEN_METHOD_INVALID` has the code of a flood wait but no number. */
function waitOf({ code, text }: RawRpcError): number | null {
  if (code !== 420 && !/WAIT|TOO_FRESH|DELAY/.test(text)) return null;
  const match = WAIT.exec(text);
  if (!match) return null;
  return Math.min(Number(match[1]), MAX_WAIT_S);
}

function classifyOurs(error: AppError): Fault {
  const message = error.message.slice(0, MAX_MESSAGE);
  const reason = lostReason(error);
  if (reason === null) {
    const { waitS } = error.details;
    const own: Fault = {
      class: classOfCode(error.code) ?? "CRASH",
      code: error.code.slice(0, MAX_CODE),
      message,
    };
    return typeof waitS === "number" ? { ...own, waitS } : own;
  }
  if (reason === "unknown-key") return { class: "AUTH_DEAD", code: "unknown-key", message };
  if (reason === "transport") return classifyTransport(error.details.transport, message);
  // The cause of a lost link says more than the loss.
  if (error.cause !== undefined) {
    const behind = classify(error.cause);
    if (behind.class !== "CRASH") return behind;
  }
  return { class: "NETWORK", code: `link-${reason}`, message };
}

/** https://core.telegram.org/mtproto/mtproto-transports#transport-errors */
function classifyTransport(code: unknown, message: string): Fault {
  if (code === 429)
    return { class: "NETWORK", code: "transport-429", message, waitS: TRANSPORT_FLOOD_S };
  if (code === 444) return { class: "CONFIG", code: "transport-444", message };
  return { class: "NETWORK", code: `transport-${String(code)}`, message };
}

/** Errors of GramJS without a code, by the beginning of their text. */
const VENDOR_TEXTS: readonly (readonly [string, ErrorClass, string])[] = [
  ["Not connected", "NETWORK", "link-socket"],
  ["Cannot send requests while disconnected", "NETWORK", "link-socket"],
  ["The connection is closed", "NETWORK", "link-socket"],
  ["Request was unsuccessful", "TG_SERVER", "vendor-retries"],
  ["TIMEOUT", "NETWORK", "vendor-timeout"],
  ["Step 2 could not find a valid key", "CONFIG", "server-key-unknown"],
  ["Step ", "TG_SERVER", "key-exchange"],
];
const VENDOR_CLASSES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    BadMessageError: "bad-message",
    InvalidBufferError: "bad-packet",
    InvalidChecksumError: "bad-packet",
    SecurityError: "bad-packet",
    TypeNotFoundError: "unknown-constructor",
  }),
);

function classifyForeign(error: Error): Fault {
  const system = classifySystem(error);
  if (system) return system;
  for (const [start, found, code] of VENDOR_TEXTS) {
    if (error.message.startsWith(start))
      return { class: found, code, message: "The connection to the server failed." };
  }
  const vendor = VENDOR_CLASSES.get(error.constructor.name);
  if (vendor)
    return { class: "TG_SERVER", code: vendor, message: "The server sent something unexpected." };
  return {
    class: "CRASH",
    code: "unexpected",
    message: `Unexpected ${error.name}: ${error.message}`.slice(0, MAX_MESSAGE),
  };
}
