import { unpack } from "@flotilla/kernel";
import type bigInt from "big-integer";
import type { Api } from "telegram";
import { IGE } from "telegram/crypto/IGE.js";
import { InvalidBufferError, SecurityError } from "telegram/errors/index.js";
import { BinaryReader } from "telegram/extensions/BinaryReader.js";
import { sha256 } from "telegram/Helpers.js";
import { GZIPPacked, MessageContainer, TLMessage } from "telegram/tl/core/index.js";
import { readAnswer, readTolerantly } from "./tolerant.ts";

/** Largest unpacked answer, in bytes. */
const MAX_UNPACKED = 32 * 1024 * 1024;
/** Offset of the object in a decrypted packet: after salt, session, id, number and length. */
const HEAD = 32;
/** Message ids remembered, to recognise a repeated message. */
const KEPT_IDS = 500;

/** Private members of GramJS's `MTProtoState`. */
export interface VendorState {
  readonly authKey?: { readonly keyId?: bigInt.BigInteger; getKey(): Buffer | undefined };
  readonly msgIds: string[];
  readonly securityChecks: boolean;
  _calcKey(authKey: Buffer, msgKey: Buffer, client: boolean): Promise<{ key: Buffer; iv: Buffer }>;
  decryptMessageData(body: Buffer): Promise<unknown>;
}

/**
 * Opens a packet of the server, as GramJS does (https://core.telegram.org/mtproto/description), but
 * reads no further than the message's length. Rejects with InvalidBufferError, SecurityError, or as
 * {@link readMessage}.
 */
export async function openPacket(state: VendorState, body: Buffer): Promise<TLMessage> {
  const [key, keyId] = [state.authKey?.getKey(), state.authKey?.keyId];
  if (body.length < 8) throw new InvalidBufferError(body);
  if (
    !key ||
    !keyId ||
    !new BinaryReader(body).readLargeInt(64, false).eq(keyId.and("18446744073709551615"))
  )
    throw new SecurityError("a packet for another key");
  const msgKey = body.subarray(8, 24);
  const { iv, key: aes } = await state._calcKey(key, msgKey, false);
  const plain = new IGE(aes, iv).decryptIge(body.subarray(24));
  const ours = await sha256(Buffer.concat([key.subarray(96, 128), plain]));
  if (!msgKey.equals(ours.subarray(8, 24)))
    throw new SecurityError("a packet that was changed on its way");
  const reader = new BinaryReader(plain);
  reader.setPosition(16);
  const [id, number, length] = [reader.readLong(), reader.readInt(), reader.readInt()];
  if (state.securityChecks && state.msgIds.includes(id.toString()))
    throw new SecurityError("a message that came before");
  state.msgIds.push(id.toString());
  if (state.msgIds.length > KEPT_IDS) state.msgIds.shift();
  return new TLMessage(id, number, readMessage(plain.subarray(HEAD, HEAD + length)));
}

/**
 * Reads the object of one message; `bytes` is exactly the object. An object of a later layer inside
 * an `Updates` costs only itself (see `readTolerantly`). Throws GramJS's TypeNotFoundError when no
 * reading is possible. Containers and results are promises, as in GramJS.
 */
export function readMessage(bytes: Buffer): unknown {
  try {
    return new BinaryReader(bytes).tgReadObject();
  } catch (error) {
    const found = readTolerantly(bytes, { type: "Updates", isVector: false });
    if (!found) throw error;
    return found.value;
  }
}

/** Makes a call read its answer tolerantly, where GramJS cannot read it. */
export function readsTolerantly(request: Api.AnyRequest): void {
  const call = request as unknown as {
    CONSTRUCTOR_ID: number;
    readResult(reader: BinaryReader): unknown;
  };
  const asTheLibrary = call.readResult.bind(call);
  const readResult = (reader: BinaryReader): unknown => {
    try {
      return asTheLibrary(reader);
    } catch (error) {
      const found = readAnswer(reader.getBuffer(), call.CONSTRUCTOR_ID);
      if (!found) throw error;
      return found.value;
    }
  };
  Object.defineProperty(call, "readResult", { value: readResult, configurable: true });
}

/**
 * One object that cannot be decoded must not discard the rest of its container (docs/gramjs.md).
 */
function keepContainers(): void {
  const container = MessageContainer as unknown as {
    fromReader(reader: BinaryReader): Promise<MessageContainer>;
  };
  container.fromReader = async (reader) => {
    const messages: TLMessage[] = [];
    for (let left = reader.readInt(); left > 0; left--) {
      const [id, number] = [reader.readLong(), reader.readInt()];
      messages.push(new TLMessage(id, number, readLater(reader.read(reader.readInt()))));
    }
    return new MessageContainer(messages as never);
  };
}

/**
 * The object, or a rejected promise in its place: `_processMessage` awaits it, and our container
 * handler catches it.
 */
function readLater(bytes: Buffer): unknown {
  try {
    return readMessage(bytes);
  } catch (error) {
    const failed = Promise.reject(error);
    failed.catch(() => {});
    return failed;
  }
}

/** GramJS has no size limit, and does not know every compression. */
function keepPacked(): void {
  const packed = GZIPPacked as unknown as { ungzip(bytes: Buffer): Buffer };
  packed.ungzip = (bytes) => unpack(bytes, MAX_UNPACKED);
}

keepContainers();
keepPacked();
