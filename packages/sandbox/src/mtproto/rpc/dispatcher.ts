import { toError, unpack } from "@flotilla/kernel";
import { RpcError } from "../../world/errors.ts";
import type { Incoming } from "../link/inbox.ts";
import type { AuthKey } from "../link/keys.ts";
import type { SessionRegistry } from "../link/registry.ts";
import { GZIP_PACKED, MAX_UNPACKED } from "../link/session.ts";
import { TlError, TlReader } from "../tl/bytes.ts";
import type { TlCodec } from "../tl/codec.ts";
import type { Layers } from "../tl/layers.ts";
import type { TlObject } from "../tl/schema.ts";
import { serviceCodec } from "../tl/service.ts";
import { type Call, int, type Method, type Services, text, type UserCall } from "./call.ts";

/** A rule of the fault port that says how this call fails, or null. */
export type CallFault = (method: string, phones: readonly string[]) => RpcError | null;

interface DispatcherOptions {
  readonly services: Services;
  readonly layers: Layers;
  readonly sessions: SessionRegistry;
  /** Methods open to everybody, and those for the logged in. */
  readonly open: Readonly<Record<string, Method>>;
  readonly forUsers: Readonly<Record<string, Method<UserCall>>>;
  readonly fault: CallFault;
  readonly log: (line: string) => void;
}

interface Unwrapped {
  readonly codec: TlCodec;
  readonly query: TlObject;
  readonly withoutUpdates: boolean;
}

/**
 * Layer taken for a client that has not said which it speaks; only the wrappers are read with it.
 */
const ASSUMED_LAYER = 198;
const MAX_WRAPPERS = 8;

/** Methods a key may call before it is bound or its layer is known. */
const BEFORE_INIT: ReadonlySet<string> = new Set(["auth.bindTempAuthKey"]);

/** Takes API calls apart, runs them, and sends what comes out: a result or an rpc_error. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #counters = new Map<string, number>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Calls so far, by method. */
  counters(): Record<string, number> {
    return Object.fromEntries(this.#counters);
  }

  /** Runs the call in `message`. Never throws. */
  dispatch(message: Incoming): void {
    try {
      const unwrapped = this.#unwrap(message);
      const { codec, query } = unwrapped;
      this.#counters.set(query._, (this.#counters.get(query._) ?? 0) + 1);
      this.#options.sessions.called(message.session, !unwrapped.withoutUpdates);
      const line = codec.schema.methods.get(query._);
      if (!line) throw new RpcError(400, "INPUT_METHOD_INVALID");
      message.session.sendResult(
        message.id,
        codec.encodeAs(line.result, this.#run(message, query)),
      );
    } catch (thrown) {
      this.#fail(message, this.#asRpcError(thrown, message.key.layer));
    }
  }

  #run(message: Incoming, query: TlObject): ReturnType<Method> {
    const { services, open, forUsers, fault } = this.#options;
    const bound = services.keys.permanent(message.key);
    const permanent = bound ?? message.key;
    const account = services.world.accountOf(permanent.id);
    const failure = fault(query._, [account?.phone ?? "", text(query, "phone_number")]);
    if (failure) throw failure;
    if (!BEFORE_INIT.has(query._)) this.#requireReady(message.key, bound);
    const death = services.world.state.deadKeys.get(permanent.id);
    if (death === "duplicated") throw new RpcError(406, "AUTH_KEY_DUPLICATED");
    const { session, connection, key, id } = message;
    const call: Call = {
      ...services,
      session,
      connection,
      key,
      permanent,
      account,
      dc: connection.dc,
      messageId: id,
    };
    const method = Object.hasOwn(open, query._) ? open[query._] : undefined;
    if (method) return method(call, query);
    const userMethod = Object.hasOwn(forUsers, query._) ? forUsers[query._] : undefined;
    if (!userMethod) throw this.#notModelled(query._);
    if (!account)
      throw new RpcError(401, death === "revoked" ? "SESSION_REVOKED" : "AUTH_KEY_UNREGISTERED");
    return userMethod({ ...call, account }, query);
  }

  #requireReady(key: AuthKey, permanent: AuthKey | null): void {
    if (!permanent) throw new RpcError(401, "AUTH_KEY_PERM_EMPTY");
    if (key.layer === null) throw new RpcError(400, "CONNECTION_NOT_INITED");
  }

  /** As Telegram answers a method that it does not have: 5xx would be tried again for ever. */
  #notModelled(method: string): RpcError {
    this.#options.log(`method ${method} is not modelled`);
    return new RpcError(400, "INPUT_METHOD_INVALID");
  }

  /** The nearest layer does for most calls; the log names the layer. */
  #setLayer(key: AuthKey, layer: number): void {
    if (key.layer === layer) return;
    key.layer = layer;
    const spoken = this.#options.layers.codec(layer).schema.layer;
    if (spoken !== layer)
      this.#options.log(
        `a client speaks layer ${layer}; it is answered in layer ${spoken}: give its schema with --schema`,
      );
  }

  /** Peels the wrappers off (https://core.telegram.org/api/invoking) and keeps what they say. */
  #unwrap({ body, key }: Incoming): Unwrapped {
    let rest = body;
    let withoutUpdates = false;
    for (let depth = 0; depth < MAX_WRAPPERS; depth++) {
      const reader = new TlReader(rest);
      if (reader.peekId() === GZIP_PACKED) {
        reader.uint();
        rest = unpack(reader.bytes(), MAX_UNPACKED);
        continue;
      }
      const codec = this.#options.layers.codec(key.layer ?? ASSUMED_LAYER);
      const query = codec.read(reader);
      if (query._ === "invokeWithLayer") this.#setLayer(key, int(query, "layer"));
      else if (query._ === "initConnection") key.client = clientOf(query);
      else if (query._ === "invokeWithoutUpdates") withoutUpdates = true;
      else if (!(query["query"] instanceof Uint8Array)) return { codec, query, withoutUpdates };
      rest = Buffer.from(query["query"] as Uint8Array);
    }
    throw new RpcError(400, "INPUT_REQUEST_TOO_LONG");
  }

  #fail(message: Incoming, error: RpcError): void {
    const body = serviceCodec.encode({
      _: "rpc_error",
      error_code: error.code,
      error_message: error.text,
    });
    message.session.sendResult(message.id, body);
  }

  #asRpcError(thrown: unknown, layer: number | null): RpcError {
    if (thrown instanceof RpcError) return thrown;
    const error = toError(thrown);
    this.#options.log(`a call failed: ${error.stack ?? error.message}`);
    const isSpoken = layer === null || this.#options.layers.codec(layer).schema.layer === layer;
    if (error instanceof TlError)
      return new RpcError(400, isSpoken ? "INPUT_METHOD_INVALID" : "CONNECTION_LAYER_INVALID");
    return new RpcError(500, "INTERNAL_SERVER_ERROR");
  }
}

function clientOf(query: TlObject): NonNullable<AuthKey["client"]> {
  return {
    apiId: int(query, "api_id"),
    device: text(query, "device_model"),
    system: text(query, "system_version"),
    app: text(query, "app_version"),
  };
}
