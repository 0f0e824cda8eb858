import type { Socket } from "node:net";
import type { RsaKey } from "../crypto/rsa.ts";
import { TransportStream } from "../transport/stream.ts";
import { Handshake } from "./handshake.ts";

/**
 * Transport error "no such auth key"
 * (https://core.telegram.org/mtproto/mtproto-transports#transport-errors).
 */
export const UNKNOWN_KEY = -404;

interface ConnectionOptions {
  readonly id: number;
  readonly dc: number;
  readonly socket: Socket;
  readonly rsa: RsaKey;
  readonly openedAt: number;
  /** How long each answer waits; asked for every packet. */
  readonly delayMs: (connection: Connection) => number;
  readonly onPacket: (connection: Connection, packet: Buffer) => void;
  readonly onClose: (connection: Connection) => void;
}

/** One TCP connection of a client: bytes in, packets out, and the faults that hit a wire. */
export class Connection {
  readonly id: number;
  readonly dc: number;
  readonly remoteAddress: string;
  readonly openedAt: number;
  readonly handshake: Handshake;
  /** Permanent key that this connection was last used with. */
  keyId: string | null = null;
  /** Whether the log says "authorised" for {@link keyId}. */
  authorised = false;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #stream = new TransportStream();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #held: Buffer[] = [];
  #silent = false;
  #lastDue = 0;
  #disconnectTimer: NodeJS.Timeout | null = null;
  #hangsUpAt: number | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.id = options.id;
    this.dc = options.dc;
    this.openedAt = options.openedAt;
    this.remoteAddress = options.socket.remoteAddress ?? "";
    this.handshake = new Handshake(options.rsa);
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.on("close", () => this.#closed());
  }

  get transport(): string {
    return this.#stream.name;
  }

  /** Sends a packet, after the delay that is in force and behind those sent before. */
  send(packet: Buffer): void {
    const now = performance.now();
    const dueAt = Math.max(this.#lastDue, now + this.#options.delayMs(this));
    this.#lastDue = dueAt;
    if (dueAt <= now) {
      this.#write(packet);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#write(packet);
    }, dueAt - now);
    this.#timers.add(timer);
  }

  /** Sends a transport error, e.g. {@link UNKNOWN_KEY}. */
  sendTransportError(code: number): void {
    const packet = Buffer.alloc(4);
    packet.writeInt32LE(code);
    this.send(packet);
  }

  /** Closes politely or with a reset. */
  drop(how: "fin" | "rst"): void {
    if (how === "rst") this.#socket.resetAndDestroy();
    else this.#socket.destroySoon();
  }

  /** Reads and sends nothing until {@link speak}. */
  silence(): void {
    this.#silent = true;
    this.#socket.pause();
  }

  /** Ends {@link silence}; what was held back is sent, as TCP would. */
  speak(): void {
    if (!this.#silent) return;
    this.#silent = false;
    this.#socket.resume();
    for (const packet of this.#held.splice(0)) this.#write(packet);
  }

  /** Closes the connection in `delayS` seconds unless called again (ping_delay_disconnect). */
  disconnectIn(delayS: number): void {
    if (this.#disconnectTimer) clearTimeout(this.#disconnectTimer);
    const longest = 2 ** 31 - 1;
    const delayMs = Math.min(delayS * 1000, longest);
    this.#hangsUpAt = Date.now() + delayMs;
    this.#disconnectTimer = setTimeout(() => this.drop("fin"), delayMs);
  }

  /**
   * When it will be closed unless another ping_delay_disconnect comes; null before the first one.
   * Milliseconds since the epoch.
   */
  get hangsUpAt(): number | null {
    return this.#hangsUpAt;
  }

  #write(packet: Buffer): void {
    if (this.#silent) this.#held.push(packet);
    else if (this.#socket.writable) this.#socket.write(this.#stream.frame(packet));
  }

  #receive(chunk: Buffer): void {
    try {
      for (const packet of this.#stream.feed(chunk)) this.#options.onPacket(this, packet);
    } catch (error) {
      // Bytes that are no transport: Telegram hangs up as well.
      if (!(error instanceof RangeError)) throw error;
      this.#socket.destroy();
    }
  }

  #closed(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    if (this.#disconnectTimer) clearTimeout(this.#disconnectTimer);
    this.#options.onClose(this);
  }
}
