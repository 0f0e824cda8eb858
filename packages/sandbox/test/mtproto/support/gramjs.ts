import { createPublicKey } from "node:crypto";
import bigInt from "big-integer";
import { TelegramClient } from "telegram";
import { _serverKeys } from "telegram/crypto/RSA.js";
import { Logger, PromisedNetSockets } from "telegram/extensions/index.js";
import { type Connection, ConnectionTCPFull } from "telegram/network/index.js";
import { StringSession } from "telegram/sessions/index.js";
import type { LocalTelegram } from "../../../src/mtproto/index.ts";

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

/** GramJS dials port 80 or 443 of the DC's address, whatever it was told: the address alone says which DC is meant. */
function socketTo(telegram: LocalTelegram): typeof PromisedNetSockets {
  return class extends PromisedNetSockets {
    override connect(_port: number, ip: string): Promise<unknown> {
      const dc = telegram.addresses().find((address) => address.ip === ip);
      if (!dc) throw new Error(`no DC has the address ${ip}`);
      return super.connect(dc.port, dc.ip);
    }
  };
}

/**
 * An unpatched GramJS client for the sandbox. `saved` is a saved StringSession. The port in the session is of no
 * use, but must be below 32768. Errors that GramJS would print go nowhere: tests look at results.
 */
export function gramjsClient(
  telegram: LocalTelegram,
  options: { saved?: string; connection?: ConnectionClass } = {},
): TelegramClient {
  trust(telegram);
  const session = new StringSession(options.saved ?? "");
  if (!options.saved) session.setDC(2, telegram.addresses()[0]?.ip ?? "", 80);
  const client = new TelegramClient(session, 12_345, "0123456789abcdef0123456789abcdef", {
    networkSocket: socketTo(telegram),
    connection: options.connection ?? ConnectionTCPFull,
    connectionRetries: 5,
    baseLogger: new QuietLogger(),
  });
  client.onError = () => Promise.resolve();
  return client;
}

/** The session as text, to be resumed by another client. */
export function savedSession(client: TelegramClient): string {
  return (client.session as StringSession).save();
}
