import { createHash, randomBytes } from "node:crypto";
import { RpcError } from "./errors.ts";
import type { StoredFile, StoredMedia, WorldState } from "./model.ts";

/**
 * One file of a message may have so many parts
 * (https://core.telegram.org/api/files#uploading-files).
 */
const MAX_PARTS = 4000;

/** Data centre of files that no call put elsewhere. */
export const FILES_DC = 2;

/**
 * Files of messages and what is being uploaded. References can be made to expire, as Telegram's do
 * after some hours.
 */
export class Files {
  readonly #state: WorldState;
  /** Parts by uploader and file id. */
  readonly #parts = new Map<string, Map<number, Buffer>>();

  constructor(state: WorldState) {
    this.#state = state;
  }

  /** Keeps a file; the answer goes into a message. */
  add(
    file: Pick<StoredMedia, "photo" | "mime" | "name" | "dc">,
    bytes: Buffer,
    attributes: StoredMedia["attributes"] = [],
  ): StoredMedia {
    const id = randomBytes(8).readBigInt64LE();
    const media = {
      ...file,
      id,
      accessHash: randomBytes(8).readBigInt64LE(),
      size: bytes.length,
      attributes,
    };
    this.#all().set(id, { media, bytes });
    return media;
  }

  /** What getFile asks for by now. */
  reference(): Buffer {
    const reference = Buffer.alloc(8);
    reference.writeUInt32LE(this.#state.fileGeneration ?? 0);
    return reference;
  }

  /** Every reference that was handed out so far is too old from now on. */
  expire(): void {
    this.#state.fileGeneration = (this.#state.fileGeneration ?? 0) + 1;
  }

  /**
   * `dc` is where it is asked for. Throws FILE_ID_INVALID, FILE_MIGRATE_n, FILE_REFERENCE_EXPIRED,
   * LIMIT_INVALID.
   */
  read(place: {
    id: bigint;
    accessHash: bigint;
    reference: Buffer;
    offset: number;
    limit: number;
    dc: number;
  }): Buffer {
    const file = this.known(place.id, place.accessHash);
    const { dc = FILES_DC } = file.media;
    if (dc !== place.dc) throw new RpcError(303, `FILE_MIGRATE_${dc}`);
    if (!place.reference.equals(this.reference()))
      throw new RpcError(400, "FILE_REFERENCE_EXPIRED");
    if (place.limit <= 0 || place.limit > 1_048_576 || place.offset % 1024 !== 0)
      throw new RpcError(400, "LIMIT_INVALID");
    return Buffer.from(file.bytes).subarray(place.offset, place.offset + place.limit);
  }

  /** Throws FILE_ID_INVALID. */
  known(id: bigint, accessHash: bigint): StoredFile {
    const file = this.#all().get(id);
    if (file?.media.accessHash !== accessHash) throw new RpcError(400, "FILE_ID_INVALID");
    return file;
  }

  savePart(account: bigint, id: bigint, part: number, bytes: Buffer): void {
    if (part < 0 || part >= MAX_PARTS) throw new RpcError(400, "FILE_PART_INVALID");
    if (bytes.length === 0 || bytes.length > 524_288)
      throw new RpcError(400, "FILE_PART_SIZE_INVALID");
    const key = `${account}/${id}`;
    const parts = this.#parts.get(key) ?? new Map<number, Buffer>();
    this.#parts.set(key, parts.set(part, bytes));
  }

  /**
   * The uploaded file; its parts are forgotten. Throws FILE_PARTS_INVALID, FILE_PART_<n>_MISSING.
   */
  take(account: bigint, id: bigint, count: number): Buffer {
    const key = `${account}/${id}`;
    if (count < 1 || count > MAX_PARTS) throw new RpcError(400, "FILE_PARTS_INVALID");
    const found = this.#parts.get(key);
    const parts = Array.from({ length: count }, (_, n) => {
      const part = found?.get(n);
      if (!part) throw new RpcError(400, `FILE_PART_${n}_MISSING`);
      return part;
    });
    this.#parts.delete(key);
    return Buffer.concat(parts);
  }

  /** What a file holds, for those who compare: SHA-256 in hex. */
  digest(id: bigint): string {
    const bytes = this.#all().get(id)?.bytes ?? new Uint8Array();
    return createHash("sha256").update(bytes).digest("hex");
  }

  #all(): Map<bigint, StoredFile> {
    this.#state.files ??= new Map();
    return this.#state.files;
  }
}
