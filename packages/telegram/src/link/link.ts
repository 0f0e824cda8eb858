import { AppError, systemClock, withTimeout } from "@flotilla/kernel";
import bigInt from "big-integer";
import { Api } from "telegram";
import { linkLost } from "../wire/fault.ts";
import { type HookEvents, installHooks, killSender } from "../wire/hooks.ts";
import { readsTolerantly } from "../wire/messages.ts";
import {
  assertVendor,
  TelegramClient,
  type VendorClient,
  type VendorSender,
} from "../wire/vendor.ts";
import { VendorLogger } from "../wire/vendor-log.ts";
import type { AccountOptions } from "./account-options.ts";
import { FloodGate } from "./flood-gate.ts";
import { assertAllowed, methodName } from "./gate.ts";
import { GramJsSession } from "./gramjs-session.ts";
import type { LinkStore } from "./link-store.ts";
import { MtProxyConnection } from "./mtproxy-connection.ts";
import { peerOfCall } from "./peer-of.ts";
import { endpointOf, trustServer } from "./server.ts";
import { SocketFactory } from "./socket.ts";

/** Time limits of a link, in milliseconds. */
export interface LinkTimings {
  /** From the first packet to the server's first answer. */
  readonly connectMs: number;
  /**
   * Limit of one call; `slowCallMs` after one that timed out, until one is answered (promise
   * S2-20).
   */
  readonly callMs: number;
  readonly slowCallMs: number;
  /**
   * Seconds without a ping after which the server closes the connection (`ping_delay_disconnect`).
   */
  readonly serverDisconnectS: number;
}

/** Events of a living link. None of these may throw. */
export interface LinkEvents extends Omit<HookEvents, "lost"> {
  /** The server answered an own call. */
  answered(request: unknown, answer: unknown): void;
}

/**
 * One connection of one session, over one client object that is used once. A lost link is over:
 * everything under way rejects with AppError `link-lost`, and the next attempt is a new Link. Holds
 * the session's claim while it lives.
 */
export class Link {
  readonly #claim: Disposable;
  readonly #sockets: SocketFactory;
  readonly #session: GramJsSession;
  readonly #client: VendorClient;
  readonly #timings: LinkTimings;
  readonly #events: LinkEvents;
  readonly #gate: FloodGate;
  readonly #ended = Promise.withResolvers<AppError>();
  #over: AppError | null = null;
  #connectError: unknown;
  #isSlow = false;

  /**
   * Throws AppError `session-claimed`, `no-dc`, `bad-server-key`, `no-dc-address`,
   * `vendor-mismatch`. Does not connect yet.
   */
  constructor(store: LinkStore, options: AccountOptions, timings: LinkTimings, events: LinkEvents) {
    const dc = store.dc();
    if (!dc) throw new AppError("no-dc", "This session has no data centre yet: log in first.");
    trustServer(options.server);
    const endpoint = endpointOf(options.server, dc);
    this.#timings = timings;
    this.#events = events;
    this.#gate = options.gate ?? new FloodGate({ table: store.flood, clock: systemClock });
    const proxy = options.proxy?.() ?? undefined;
    this.#sockets = new SocketFactory({
      endpoint,
      dc: dc.id,
      localAddress: options.localAddress,
      proxy,
      mayAct: options.mayAct ?? (() => true),
      connectTimeoutMs: timings.connectMs,
    });
    this.#session = new GramJsSession(store, endpoint, options.log);
    const client = createClient(this.#session, this.#sockets, options);
    assertVendor(client);
    this.#client = client as unknown as VendorClient;
    this.#claim = store.claim();
    const hooks = {
      ...events,
      updates: (update: unknown) => {
        this.#session.processEntities(update);
        events.updates(update);
      },
      lost: (error: AppError) => void this.#end(error),
    };
    // The first ping makes the server close the connection of a machine that freezes right after it
    // connected.
    installHooks(this.#client, hooks, pingOf(timings));
    // The gate also covers GramJS's own calls.
    this.#client.invoke = (request) => this.invoke(request);
    this.#client.onError = async (error) => {
      this.#connectError = error;
    };
  }

  /** Settles once, when the link is over, with the reason. */
  get ended(): Promise<AppError> {
    return this.#ended.promise;
  }

  /** True once the link is over. */
  get over(): boolean {
    return this.#over !== null;
  }

  /**
   * Connects, makes a key when the session has none (only in a login), and introduces the program.
   * After any error the link is over and its socket closed. Errors: AppError `link-lost`, or the
   * server's answer.
   */
  async connect(): Promise<void> {
    try {
      // @NOTE only here: a race with a promise that lives as long as the link would keep every
      // answer in memory.
      const ended = this.#ended.promise.then((error) => Promise.reject(error));
      const connecting = Promise.race([this.#client.connect(), ended]);
      const connected = await withTimeout(connecting, this.#timings.connectMs, () =>
        linkLost("connect-timeout"),
      );
      if (!connected) throw linkLost("connect", this.#connectError);
    } catch (error) {
      await this.stop(
        error instanceof AppError && error.code === "link-lost"
          ? error
          : linkLost("refused", error),
      );
      throw error;
    }
  }

  /**
   * The gate: the only way to call the server. AppError `method-refused`, `flood-wait`,
   * `link-lost`, `call-timeout` (the call may have taken effect), or the server's answer as an
   * error of GramJS (see `classify`). Never retries, never waits.
   */
  async invoke<R extends Api.AnyRequest>(request: R): Promise<R["__response"]> {
    assertAllowed(request);
    const method = methodName(request);
    const peer = peerOfCall(request);
    this.#gate.check(method, peer);
    try {
      const answer = await this.#call(request, method);
      this.#session.processEntities(answer);
      this.#events.answered(request, answer);
      return answer;
    } catch (error) {
      this.#gate.heard(error, method, peer);
      throw error;
    }
  }

  /** Sends one `ping_delay_disconnect`. Rejects with AppError `call-timeout` or `link-lost`. */
  async ping(timeoutMs: number): Promise<void> {
    await withTimeout(this.#sender().send(pingOf(this.#timings)), timeoutMs, () =>
      callTimeout("ping"),
    );
  }

  /** Ends the link and resolves when its socket is closed. Idempotent; the first reason counts. */
  async stop(reason: AppError = linkLost("stopped")): Promise<void> {
    await this.#end(reason);
  }

  async #call<R extends Api.AnyRequest>(request: R, method: string): Promise<R["__response"]> {
    const { callMs, slowCallMs } = this.#timings;
    readsTolerantly(request);
    const sent = this.#sender().send<R["__response"]>(request);
    const answer = await withTimeout(sent, this.#isSlow ? slowCallMs : callMs, () => {
      this.#isSlow = true;
      return callTimeout(method);
    });
    this.#isSlow = false;
    return answer;
  }

  async #end(error: AppError): Promise<void> {
    const shut = this.#sockets.shut();
    if (!this.#over) {
      this.#over = error;
      this.#client._destroyed = true;
      const sender = this.#client._sender;
      if (sender) killSender(sender, error);
      this.#ended.resolve(error);
    }
    await shut;
    this.#claim[Symbol.dispose]();
  }

  #sender(): VendorSender {
    if (this.#over) throw this.#over;
    const sender = this.#client._sender;
    if (!sender)
      throw new AppError("not-connected", "There is no connection to Telegram at the moment.");
    return sender;
  }
}

function createClient(
  session: GramJsSession,
  sockets: SocketFactory,
  options: AccountOptions,
): TelegramClient {
  return new TelegramClient(session, options.api.id, options.api.hash, {
    ...options.identity,
    systemLangCode: options.identity.langCode,
    baseLogger: new VendorLogger(options.log),
    networkSocket: sockets.socketClass() as never,
    ...(sockets.options.proxy?.kind === "mtproxy" ? { connection: MtProxyConnection } : {}),
    securityChecks: true,
    connectionRetries: 1,
    retryDelay: 0,
    requestRetries: 1,
    floodSleepThreshold: 0,
    autoReconnect: false,
  });
}

function pingOf({ serverDisconnectS }: LinkTimings): Api.PingDelayDisconnect {
  return new Api.PingDelayDisconnect({
    pingId: bigInt(Math.floor(Math.random() * 2 ** 50)),
    disconnectDelay: serverDisconnectS,
  });
}

function callTimeout(method: string): AppError {
  return new AppError("call-timeout", `Telegram did not answer ${method} in time.`, {
    details: { method },
  });
}
