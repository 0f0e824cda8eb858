import { unpack } from "@flotilla/kernel";
import { openFromClient } from "../crypto/message.ts";
import { TlError, TlReader, TlWriter } from "../tl/bytes.ts";
import type { TlObject } from "../tl/schema.ts";
import { serviceCodec } from "../tl/service.ts";
import { type Connection, UNKNOWN_KEY } from "./connection.ts";
import { type AuthKey, currentSalt, futureSalts, isSaltGood, type KeyStore, nowS } from "./keys.ts";
import type { SessionRegistry } from "./registry.ts";
import { GZIP_PACKED, MAX_UNPACKED, MSG_CONTAINER, type Session } from "./session.ts";

/**
 * A client's clock may be so far off
 * (https://core.telegram.org/mtproto/description#message-identifier-msg-id).
 */
const MAX_BEHIND_S = 300;
const MAX_AHEAD_S = 30;

/** Error codes of bad_msg_notification and bad_server_salt. */
const ID_TOO_LOW = 16;
const ID_TOO_HIGH = 17;
const ID_NOT_DIVISIBLE = 18;
const BAD_SALT = 48;
const BAD_CONTAINER = 64;

/** One message of a client, taken out of its packet. */
export interface Incoming {
  readonly connection: Connection;
  readonly session: Session;
  readonly key: AuthKey;
  readonly id: bigint;
  readonly seqno: number;
  readonly body: Buffer;
}

interface InboxOptions {
  readonly keys: KeyStore;
  readonly sessions: SessionRegistry;
  readonly log: (line: string) => void;
  /** A connection carries messages of this key. */
  readonly onKeyUsed: (connection: Connection, key: AuthKey) => void;
  /** An API call; service messages stay here. */
  readonly onCall: (message: Incoming) => void;
  /** The client destroyed its key. */
  readonly onKeyDestroyed: (keyId: string) => void;
}

/**
 * Opens the packets of clients and answers the service messages in them
 * (https://core.telegram.org/mtproto/service_messages).
 */
export class Inbox {
  readonly #options: InboxOptions;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /**
   * Handles one packet. Never throws: what is wrong with a packet is the client's or our own
   * mistake, and goes to the log.
   */
  receive(connection: Connection, packet: Buffer): void {
    try {
      if (packet.length < 8) return;
      const keyId = packet.readBigUInt64LE(0);
      if (keyId === 0n) this.#exchange(connection, packet);
      else this.#open(connection, keyId.toString(), packet.subarray(8));
    } catch (error) {
      this.#options.log(
        `connection ${connection.id}: ` +
          `${error instanceof TlError ? error.message : String((error as Error).stack)}`,
      );
      connection.drop("fin");
    }
  }

  #exchange(connection: Connection, packet: Buffer): void {
    const reader = new TlReader(packet.subarray(16));
    const call = serviceCodec.decode(reader.raw(reader.uint()));
    if (call._ === "msgs_ack") return;
    const { answer, agreed } = connection.handshake.answer(call);
    if (agreed) this.#options.keys.add({ ...agreed, dc: connection.dc });
    const body = serviceCodec.encode(answer);
    const id = (BigInt(nowS()) << 32n) | 1n;
    connection.send(new TlWriter().long(0n).long(id).int(body.length).raw(body).done());
  }

  #open(connection: Connection, keyId: string, packet: Buffer): void {
    const key = this.#options.keys.get(keyId);
    if (!key || key.dc !== connection.dc) {
      connection.sendTransportError(UNKNOWN_KEY);
      return;
    }
    const plain = openFromClient(key.bytes, packet);
    if (!plain) throw new TlError("a packet does not decrypt with its key");
    const reader = new TlReader(plain);
    const [salt, sessionId, id, seqno] = [
      reader.long(),
      reader.long(),
      reader.long(),
      reader.int(),
    ];
    const body = Buffer.from(reader.raw(reader.uint()));
    this.#options.onKeyUsed(connection, key);
    const session = this.#options.sessions.open(key, sessionId, connection);
    const message = { connection, session, key, id, seqno, body };
    if (!isSaltGood(key, salt)) this.#refuse(message, BAD_SALT);
    else if (this.#accepts(message)) this.#accept(message);
  }

  #accept(message: Incoming): void {
    const { session, key } = message;
    if (!session.announced) {
      session.announced = true;
      session.sendService(
        {
          _: "new_session_created",
          first_msg_id: message.id,
          unique_id: session.id,
          server_salt: currentSalt(key),
        },
        false,
      );
    }
    this.#handle(message, 0);
  }

  #accepts(message: Incoming): boolean {
    const seconds = Number(message.id >> 32n);
    if ((message.id & 3n) !== 0n) this.#refuse(message, ID_NOT_DIVISIBLE);
    else if (seconds < nowS() - MAX_BEHIND_S) this.#refuse(message, ID_TOO_LOW);
    else if (seconds > nowS() + MAX_AHEAD_S) this.#refuse(message, ID_TOO_HIGH);
    else return true;
    return false;
  }

  #refuse({ session, key, id, seqno }: Incoming, code: number): void {
    const about = { bad_msg_id: id, bad_msg_seqno: seqno, error_code: code };
    if (code === BAD_SALT)
      session.sendService(
        { _: "bad_server_salt", ...about, new_server_salt: currentSalt(key) },
        true,
      );
    else session.sendService({ _: "bad_msg_notification", ...about }, true);
  }

  #handle(message: Incoming, depth: number): void {
    const reader = new TlReader(message.body);
    const id = reader.peekId();
    if (id === MSG_CONTAINER && depth === 0) {
      this.#unpack(message, reader);
    } else if (id === MSG_CONTAINER) {
      this.#refuse(message, BAD_CONTAINER);
    } else if (id === GZIP_PACKED) {
      reader.uint();
      this.#handle({ ...message, body: unpack(reader.bytes(), MAX_UNPACKED) }, depth);
    } else if (serviceCodec.schema.byId.has(id)) {
      this.#service(message, serviceCodec.read(reader));
    } else if (!message.session.repeatAnswer(message.id)) {
      this.#options.onCall(message);
    }
  }

  #unpack(container: Incoming, reader: TlReader): void {
    reader.uint();
    for (let left = reader.uint(); left > 0; left--) {
      const [id, seqno] = [reader.long(), reader.int()];
      this.#handle({ ...container, id, seqno, body: Buffer.from(reader.raw(reader.uint())) }, 1);
    }
  }

  #service(message: Incoming, object: TlObject): void {
    const { session, key, connection } = message;
    switch (object._) {
      case "ping_delay_disconnect":
        connection.disconnectIn(Number(object["disconnect_delay"]));
        session.sendService({ _: "pong", msg_id: message.id, ping_id: object["ping_id"] }, true);
        return;
      case "ping":
        session.sendService({ _: "pong", msg_id: message.id, ping_id: object["ping_id"] }, true);
        return;
      case "get_future_salts":
        session.sendService(saltsAnswer(message, Number(object["num"])), true);
        return;
      case "msgs_state_req": {
        // 4 = received; this server keeps no unanswered messages.
        const info = Buffer.alloc((object["msg_ids"] as bigint[]).length, 4);
        session.sendService({ _: "msgs_state_info", req_msg_id: message.id, info }, true);
        return;
      }
      case "destroy_session": {
        const gone = this.#options.sessions.destroy(key, object["session_id"] as bigint);
        session.sendService(
          {
            _: gone ? "destroy_session_ok" : "destroy_session_none",
            session_id: object["session_id"],
          },
          true,
        );
        return;
      }
      case "rpc_drop_answer":
        // Calls are answered in the turn they arrive in, so there is never one left to drop.
        session.sendResult(message.id, serviceCodec.encode({ _: "rpc_answer_unknown" }));
        return;
      case "destroy_auth_key":
        session.sendResult(message.id, serviceCodec.encode({ _: "destroy_auth_key_ok" }));
        queueMicrotask(() => this.#options.onKeyDestroyed(key.id));
        return;
      case "msgs_ack":
      case "http_wait":
      case "msgs_all_info":
      case "msgs_state_info":
      case "msg_resend_req":
        return;
      default:
        this.#options.log(`connection ${connection.id}: unexpected service message ${object._}`);
    }
  }
}

function saltsAnswer(message: Incoming, count: number): TlObject {
  const salts = futureSalts(message.key, Math.min(Math.max(count, 1), 64)).map(
    ({ salt, since, until }) => ({
      _: "future_salt",
      valid_since: since,
      valid_until: until,
      salt,
    }),
  );
  return { _: "future_salts", req_msg_id: message.id, now: nowS(), salts };
}
