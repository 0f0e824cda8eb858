import { gzipSync } from "node:zlib";
import { sealFromServer } from "../crypto/message.ts";
import { TlWriter } from "../tl/bytes.ts";
import type { TlObject } from "../tl/schema.ts";
import { serviceCodec } from "../tl/service.ts";
import type { Connection } from "./connection.ts";
import { type AuthKey, currentSalt } from "./keys.ts";

/** Ids of the messages the service schema cannot describe. */
export const MSG_CONTAINER = 0x73f1f8dc;
export const RPC_RESULT = 0xf35c6d01;
export const GZIP_PACKED = 0x3072cfa1;

/** Most bytes of an unpacked body: far more than any call, and no bomb. */
export const MAX_UNPACKED = 8 * 1024 * 1024;
/** Results from this size on are compressed, if that makes them smaller. */
const GZIP_FROM = 1024;
/** A container holds at most so many messages here; the protocol allows 1020. */
const MAX_CONTAINER = 100;
/** Answers kept for a client that repeats a call. */
const KEPT_ANSWERS = 64;

interface Outgoing {
  readonly id: bigint;
  readonly seqno: number;
  readonly body: Buffer;
}

/**
 * One MTProto session: what a client calls session_id, over however many connections
 * (https://core.telegram.org/mtproto/description#session). Everything that is queued in one turn of
 * the event loop leaves as one container.
 */
export class Session {
  readonly id: bigint;
  readonly key: AuthKey;
  connection: Connection;
  /** Whether the client was told of it by new_session_created. */
  announced = false;
  /** False while the client's latest calls asked not to get updates here. */
  wantsUpdates = false;
  /** Order of the latest API call among all sessions; updates go to the latest of a key. */
  lastCall = 0;
  readonly #answers = new Map<bigint, Buffer>();
  readonly #queue: Outgoing[] = [];
  #lastId = 0n;
  #content = 0;

  constructor(id: bigint, key: AuthKey, connection: Connection) {
    this.id = id;
    this.key = key;
    this.connection = connection;
  }

  /** Queues a service message. `answer` tells whether it answers a message of the client. */
  sendService(object: TlObject, answer: boolean): void {
    this.#enqueue(serviceCodec.encode(object), {
      answer,
      content: object._ !== "bad_server_salt" && object._ !== "bad_msg_notification",
    });
  }

  /** Queues the result of a call. */
  sendResult(callId: bigint, result: Buffer): void {
    const packed = result.length >= GZIP_FROM ? gzipSync(result) : result;
    const shorter =
      packed.length < result.length
        ? new TlWriter().uint(GZIP_PACKED).bytes(packed).done()
        : result;
    const body = new TlWriter().uint(RPC_RESULT).long(callId).raw(shorter).done();
    this.#answers.set(callId, body);
    const oldest = this.#answers.keys().next();
    if (this.#answers.size > KEPT_ANSWERS && !oldest.done) this.#answers.delete(oldest.value);
    this.#enqueue(body, { answer: true, content: true });
  }

  /** Queues an update that is encoded already. */
  sendUpdate(body: Buffer): void {
    this.#enqueue(body, { answer: false, content: true });
  }

  /** Repeats the answer to a call that was answered before. False when there is none. */
  repeatAnswer(callId: bigint): boolean {
    const body = this.#answers.get(callId);
    if (body) this.#enqueue(body, { answer: true, content: true });
    return body !== undefined;
  }

  #enqueue(body: Buffer, how: { answer: boolean; content: boolean }): void {
    this.#queue.push({ id: this.#nextId(how.answer), seqno: this.#nextSeqno(how.content), body });
    if (this.#queue.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const waiting = this.#queue.splice(0);
    for (let at = 0; at < waiting.length; at += MAX_CONTAINER) {
      const part = waiting.slice(at, at + MAX_CONTAINER);
      const [only] = part;
      if (only) this.#write(part.length === 1 ? only : this.#container(part));
    }
  }

  #container(messages: readonly Outgoing[]): Outgoing {
    const writer = new TlWriter().uint(MSG_CONTAINER).uint(messages.length);
    for (const { id, seqno, body } of messages)
      writer.long(id).int(seqno).int(body.length).raw(body);
    return { id: this.#nextId(true), seqno: this.#nextSeqno(false), body: writer.done() };
  }

  #write(message: Outgoing): void {
    const plain = new TlWriter()
      .long(currentSalt(this.key))
      .long(this.id)
      .long(message.id)
      .int(message.seqno)
      .int(message.body.length)
      .raw(message.body)
      .done();
    const keyId = new TlWriter().long(BigInt(this.key.id)).done();
    this.connection.send(Buffer.concat([keyId, sealFromServer(this.key.bytes, plain)]));
  }

  #nextId(answer: boolean): bigint {
    const now = Date.now();
    const fraction = BigInt(Math.floor((now % 1000) * 4294967.296));
    const fromClock = ((BigInt(Math.floor(now / 1000)) << 32n) | fraction) & ~3n;
    const base = fromClock > this.#lastId ? fromClock : (this.#lastId & ~3n) + 4n;
    this.#lastId = base | (answer ? 1n : 3n);
    return this.#lastId;
  }

  #nextSeqno(content: boolean): number {
    if (!content) return 2 * this.#content;
    this.#content += 1;
    return 2 * this.#content - 1;
  }
}
