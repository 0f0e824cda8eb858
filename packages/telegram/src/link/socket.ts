import { Socket } from "node:net";
import {
  AppError,
  type Endpoint,
  LoopShare,
  type MtProxyRoute,
  type ProxyRoute,
  reachable,
  throughProxy,
  withoutUndefined,
} from "@flotilla/kernel";
import { type ClientHello, clientHello, readAnswer, TlsRecords } from "./fake-tls.ts";
import { type Obfuscation, obfuscate } from "./mtproxy.ts";

/** Endpoint, proxy and rights of a {@link SocketFactory}. */
export interface SocketOptions {
  readonly endpoint: Endpoint;
  /** Number of the data centre, for a proxy that knows the addresses. */
  readonly dc: number;
  readonly localAddress?: string | undefined;
  /** Absent = direct. */
  readonly proxy?: ProxyRoute | undefined;
  /** Evaluated before each write: `false` closes the socket instead. */
  readonly mayAct: () => boolean;
  /** Limit for the TCP connect, in milliseconds. */
  readonly connectTimeoutMs: number;
}

const KEEP_ALIVE_MS = 30_000;
/** Milliseconds of consecutive packets before the event loop gets a turn. */
const SLICE_MS = 15;
/** Unread bytes above which the socket pauses, so that the server waits. */
const FULL_BYTES = 1 << 20;
const NOT_OPEN = "The connection is closed.";

/**
 * Makes the sockets of one link, all to one endpoint: ignores the address and port that GramJS
 * passes (it knows only ports 80 and 443). After `shut` no socket can be opened, whatever GramJS
 * tries (docs/gramjs.md).
 */
export class SocketFactory {
  readonly options: SocketOptions;
  readonly #open = new Set<LinkSocket>();
  #shut = false;

  constructor(options: SocketOptions) {
    this.options = options;
  }

  /** A class in the form of GramJS's `networkSocket` option. */
  socketClass(): new () => LinkSocket {
    const factory = this;
    return class extends LinkSocket {
      constructor() {
        super(factory);
      }
    };
  }

  /** For LinkSocket only: refuses when the link is over. */
  opening(socket: LinkSocket): void {
    if (this.#shut)
      throw new AppError("link-lost", "The link is over.", { details: { reason: "stopped" } });
    this.#open.add(socket);
  }

  /** For LinkSocket only. */
  gone(socket: LinkSocket): void {
    this.#open.delete(socket);
  }

  /** Destroys every socket and resolves when their descriptors are closed. Idempotent. */
  async shut(): Promise<void> {
    this.#shut = true;
    await Promise.all([...this.#open].map((socket) => socket.close()));
  }
}

/** One TCP connection with the read and write methods of GramJS's codecs. */
export class LinkSocket {
  readonly #factory: SocketFactory;
  #tcp: Socket | undefined;
  #chunks: Buffer[] = [];
  readonly #share = new LoopShare(SLICE_MS);
  #buffered = 0;
  #reader: PromiseWithResolvers<void> | undefined;
  #closed: Promise<void> = Promise.resolve();
  /** Obfuscation towards an MTProxy. */
  #hidden: Obfuscation | null = null;
  /** TLS records around it, for a proxy that imitates a web server. */
  #records: TlsRecords | null = null;
  /** Sent with the first packet: some proxies expect both in one record. */
  #head: Buffer | null = null;

  constructor(factory: SocketFactory) {
    this.#factory = factory;
  }

  /**
   * Opens the connection; ignores GramJS's arguments. Rejects with the system's error or a timeout.
   */
  async connect(): Promise<this> {
    const { endpoint, dc, proxy, localAddress, mayAct, connectTimeoutMs } = this.#factory.options;
    if (!mayAct())
      throw new AppError("link-lost", "Another process owns this session now.", {
        details: { reason: "stopped" },
      });
    this.#factory.opening(this);
    const tcp = new Socket();
    this.#tcp = tcp;
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    this.#closed = closed.promise;
    tcp.setNoDelay(true);
    tcp.setKeepAlive(true, KEEP_ALIVE_MS);
    tcp.on("error", (error) => opened.reject(error));
    tcp.on("data", (chunk) => this.#push(chunk));
    tcp.on("end", () => tcp.destroy());
    tcp.on("close", () => {
      this.#factory.gone(this);
      opened.reject(new AppError("link-lost", NOT_OPEN, { details: { reason: "socket" } }));
      this.#reader?.resolve();
      closed.resolve();
    });
    tcp.setTimeout(connectTimeoutMs, () => tcp.destroy(timeoutError(connectTimeoutMs)));
    const { host, port } = proxy ?? reachable(endpoint, dc, localAddress);
    tcp.connect({ host, port, ...withoutUndefined({ localAddress }) }, () => opened.resolve());
    await opened.promise;
    if (proxy) await this.#goThrough(tcp, proxy);
    tcp.setTimeout(0);
    return this;
  }

  /** Exactly `size` bytes. Bytes that arrived before the connection closed can still be read. */
  async readExactly(size: number): Promise<Buffer> {
    await this.#share.turn();
    while (this.#buffered < size) await this.#more();
    return this.#take(size);
  }

  /** At least one byte and at most `size`. */
  async read(size: number): Promise<Buffer> {
    while (this.#buffered === 0) await this.#more();
    return this.#take(Math.min(size, this.#buffered));
  }

  /** All bytes that have arrived, at least one. */
  async readAll(): Promise<Buffer> {
    while (this.#buffered === 0) await this.#more();
    return this.#take(this.#buffered);
  }

  write(data: Buffer): void {
    if (!this.#tcp || this.#tcp.destroyed) throw new Error(NOT_OPEN);
    if (!this.#factory.options.mayAct()) {
      this.#tcp.destroy();
      throw new Error(NOT_OPEN);
    }
    const hidden = this.#hidden?.encrypt(data) ?? data;
    const whole = this.#head ? Buffer.concat([this.#head, hidden]) : hidden;
    this.#head = null;
    this.#tcp.write(this.#records?.wrap(whole) ?? whole);
  }

  /** Resolves when the descriptor is closed. Idempotent. */
  async close(): Promise<void> {
    this.#tcp?.destroy();
    await this.#closed;
  }

  toString(): string {
    return "LinkSocket";
  }

  async #goThrough(tcp: Socket, proxy: ProxyRoute): Promise<void> {
    if (proxy.kind === "mtproxy") return await this.#hide(tcp, proxy);
    const wire = {
      write: (data: Buffer) => void tcp.write(data),
      readExactly: (size: number) => this.readExactly(size),
    };
    try {
      await throughProxy(wire, proxy, this.#factory.options.endpoint);
    } catch (error) {
      tcp.destroy();
      throw error;
    }
  }

  async #hide(tcp: Socket, { secret, domain }: MtProxyRoute): Promise<void> {
    const key = Buffer.from(secret, "hex");
    if (domain !== undefined) await this.#greet(tcp, clientHello(key, domain));
    const hidden = obfuscate(key, this.#factory.options.dc);
    this.#head = hidden.head;
    this.#hidden = hidden;
  }

  /**
   * AppError `proxy-unfit` when the server does not know the secret: a real web server, or another
   * proxy.
   */
  async #greet(tcp: Socket, hello: ClientHello): Promise<void> {
    tcp.write(hello.bytes);
    // A server that hangs up may be back later, so this is no `proxy-unfit`.
    const answer = await readAnswer((size) => this.readExactly(size)).catch((error: unknown) => {
      tcp.destroy();
      throw error;
    });
    if (!hello.verifies(answer)) {
      tcp.destroy();
      throw new AppError("proxy-unfit", "It did not answer as an MTProxy with this secret.");
    }
    this.#records = new TlsRecords();
  }

  #push(raw: Buffer): void {
    const bytes = this.#records ? this.#inside(this.#records, raw) : raw;
    const chunk = this.#hidden?.decrypt(bytes) ?? bytes;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered > FULL_BYTES) this.#tcp?.pause();
    this.#reader?.resolve();
  }

  #inside(records: TlsRecords, raw: Buffer): Buffer {
    try {
      return records.unwrap(raw);
    } catch {
      this.#tcp?.destroy();
      return Buffer.alloc(0);
    }
  }

  async #more(): Promise<void> {
    if (!this.#tcp || this.#tcp.destroyed) throw new Error(NOT_OPEN);
    this.#reader = Promise.withResolvers<void>();
    // A packet may be larger than the buffer's limit.
    this.#tcp.resume();
    await this.#reader.promise;
    this.#share.begin();
  }

  #take(size: number): Buffer {
    const all =
      this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks);
    const rest = all.subarray(size);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#buffered = rest.length;
    if (this.#buffered <= FULL_BYTES) this.#tcp?.resume();
    return all.subarray(0, size);
  }
}

function timeoutError(timeoutMs: number): Error {
  return Object.assign(new Error(`No TCP connection within ${timeoutMs} ms.`), {
    code: "ETIMEDOUT",
  });
}
