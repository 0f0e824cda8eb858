import { createPublicKey } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import bigInt from "big-integer";
import { TelegramClient } from "telegram";
import { _serverKeys } from "telegram/crypto/RSA.js";
import { Logger, PromisedNetSockets } from "telegram/extensions/index.js";
import { type Connection, ConnectionTCPFull } from "telegram/network/index.js";
import { StringSession } from "telegram/sessions/index.js";
import { onTestFinished } from "vitest";
import type { LocalTelegram } from "../../../src/mtproto/index.ts";

/** How a client differs from a plain one. */
export interface GramjsOptions {
  /** A saved StringSession to resume. */
  readonly saved?: string;
  readonly connection?: ConnectionClass;
  /** Loopback address to come from. */
  readonly localAddress?: string;
}

/** What GramJS's `connection` option takes. */
export type ConnectionClass = typeof Connection;

/** A GramJS logger that says nothing. */
class QuietLogger extends Logger {
  override log(): void {}
}

/** Makes GramJS trust the sandbox's RSA key; adding it again changes nothing. */
function trust(telegram: LocalTelegram): void {
  const { n = "" } = createPublicKey(telegram.publicKeyPem).export({ format: "jwk" });
  const modulus = bigInt(Buffer.from(n, "base64url").toString("hex"), 16);
  _serverKeys.set(telegram.keyFingerprint, { n: modulus, e: 65_537 });
}

/**
 * GramJS dials port 80 or 443 of the DC's address, whatever it was told: the address alone says
 * which DC is meant.
 */
function socketTo(
  telegram: LocalTelegram,
  over: AbortSignal,
  localAddress: string | undefined,
): typeof PromisedNetSockets {
  return class extends PromisedNetSockets {
    override async connect(_port: number, ip: string): Promise<unknown> {
      over.throwIfAborted();
      const dc = telegram.addresses().find((address) => address.ip === ip);
      if (!dc) throw new Error(`no DC has the address ${ip}`);
      if (localAddress === undefined) return super.connect(dc.port, dc.ip);
      const socket = connect({ port: dc.port, host: dc.ip, localAddress });
      await once(socket, "connect");
      return adopt(this, socket);
    }
  };
}

/**
 * Gives a socket that is connected already (from an address of our choice) to GramJS's own reader.
 */
function adopt(sockets: PromisedNetSockets, socket: Socket): PromisedNetSockets {
  const inner = sockets as unknown as Record<string, unknown>;
  inner["client"] = socket;
  inner["closed"] = false;
  inner["stream"] = Buffer.alloc(0);
  inner["canRead"] = new Promise((resolve) => {
    inner["resolveRead"] = resolve;
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    inner["closed"] = true;
    (inner["resolveRead"] as ((open: boolean) => void) | undefined)?.(false);
  });
  void sockets.receive();
  return sockets;
}

/**
 * An unpatched GramJS client for the sandbox. `saved` is a saved StringSession. The port in the
 * session is of no use, but must be below 32768. Destroyed after the test. Errors that GramJS would
 * print go nowhere: tests look at results.
 */
export function gramjsClient(telegram: LocalTelegram, options: GramjsOptions = {}): TelegramClient {
  const over = new AbortController();
  trust(telegram);
  const session = new StringSession(options.saved ?? "");
  if (!options.saved) session.setDC(2, telegram.addresses()[0]?.ip ?? "", 80);
  const client = new TelegramClient(session, 12_345, "0123456789abcdef0123456789abcdef", {
    networkSocket: socketTo(telegram, over.signal, options.localAddress),
    connection: options.connection ?? ConnectionTCPFull,
    connectionRetries: 5,
    baseLogger: new QuietLogger(),
  });
  client.onError = () => Promise.resolve();
  onTestFinished(() => {
    // GramJS still reconnects after destroy(); it must not reach the server of another test on
    // the same port.
    over.abort(new Error("the test is over"));
    return client.destroy();
  });
  return client;
}

/** The session as text, to be resumed by another client. */
export function savedSession(client: TelegramClient): string {
  return (client.session as StringSession).save();
}
