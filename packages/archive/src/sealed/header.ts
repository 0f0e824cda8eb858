import { hkdfSync, randomBytes } from "node:crypto";
import { fleetKeyId } from "@flotilla/kernel";
import { z } from "zod";
import { damagedArchive, newerArchive, notAnArchive, otherKey } from "./errors.ts";

/** The clear beginning of an archive, and the key of what follows. */
export interface Opening {
  readonly bytes: Buffer;
  readonly key: Buffer;
}

const MAGIC = Buffer.from("FLOTILLA-ARCHIVE", "latin1");
const LENGTH_BYTES = 4;
/** Bytes before the header's text. */
export const PREFIX_BYTES = MAGIC.length + LENGTH_BYTES;
const LONGEST_HEADER = 4096;
const SALT_BYTES = 32;
/** Version of the format. */
const FORMAT = 1;

const Version = z.object({ format: z.number().int().positive() });
const Header = z.object({
  format: z.literal(FORMAT),
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  salt: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Makes the beginning of a new archive, with a salt and so a key of its own. */
export function newOpening(fleetKey: Buffer): Opening {
  const salt = randomBytes(SALT_BYTES);
  const header = { format: FORMAT, keyId: fleetKeyId(fleetKey), salt: salt.toString("hex") };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.length);
  const bytes = Buffer.concat([MAGIC, length, text]);
  return { bytes, key: keyOf(fleetKey, salt, bytes) };
}

/**
 * Length of the header's text, from the first {@link PREFIX_BYTES} of a file. Throws AppError
 * `archive-foreign`.
 */
export function headerLength(path: string, prefix: Buffer): number {
  if (prefix.length < PREFIX_BYTES || !prefix.subarray(0, MAGIC.length).equals(MAGIC))
    throw notAnArchive(path);
  const length = prefix.readUInt32BE(MAGIC.length);
  if (length > LONGEST_HEADER) throw notAnArchive(path);
  return length;
}

/**
 * Reads the beginning of an archive. Throws AppError `archive-foreign`, `archive-newer`,
 * `wrong-fleet-key`.
 */
export function parseOpening(path: string, bytes: Buffer, fleetKey: Buffer): Opening {
  const header = parseHeader(path, bytes);
  const mine = fleetKeyId(fleetKey);
  if (header.keyId !== mine) throw otherKey(path, header.keyId, mine);
  return { bytes, key: keyOf(fleetKey, Buffer.from(header.salt, "hex"), bytes) };
}

/**
 * The clear header of an archive: `bytes` is the beginning of its file. Nothing in it is proven.
 * Throws AppError `archive-newer`, `archive-damaged`.
 */
export function parseHeader(path: string, bytes: Buffer): z.infer<typeof Header> {
  const found = parseJson(path, bytes.subarray(PREFIX_BYTES).toString("utf8"));
  const version = Version.safeParse(found).data?.format;
  if (version !== undefined && version > FORMAT)
    throw newerArchive(path, `its format is ${version}, this program knows ${FORMAT}`);
  const header = Header.safeParse(found).data;
  if (!header) throw damagedArchive(path, "its header cannot be read");
  return header;
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw damagedArchive(path, "its header cannot be read");
  }
}

/** @NOTE the whole header goes into the key: a changed one opens nothing. */
function keyOf(fleetKey: Buffer, salt: Buffer, header: Buffer): Buffer {
  const info = Buffer.concat([Buffer.from("flotilla archive v1\0"), header]);
  return Buffer.from(hkdfSync("sha256", fleetKey, salt, info, 32));
}
