import type { WorldPort } from "./world/port.ts";

/** The MTProto half as the HTTP half sees it: a running world with one listener per data centre. */
export interface TelegramHalf {
  world: WorldPort;
  /** TCP port of a data centre on loopback. */
  port(dc: number): number;
  /** PKCS#1 PEM public key that clients encrypt the key exchange with. */
  publicKeyPem: string;
  close(): Promise<void>;
}
