import { opened, sealed } from "./chunks.ts";
import { notAnArchive } from "./errors.ts";
import { headerLength, newOpening, PREFIX_BYTES, parseOpening } from "./header.ts";

/** Seals bytes with the FLEET_KEY as an archive is sealed. */
export async function sealBytes(content: Buffer, fleetKey: Buffer): Promise<Buffer> {
  const { bytes, key } = newOpening(fleetKey);
  const parts: Buffer[] = [bytes];
  for await (const part of sealed(pieces(content), key)) parts.push(part);
  return Buffer.concat(parts);
}

/**
 * Opens what {@link sealBytes} made. `name` is for the message. Throws AppError `wrong-fleet-key`,
 * `archive-damaged`, `archive-foreign`, `archive-newer`.
 */
export async function openBytes(all: Buffer, fleetKey: Buffer, name: string): Promise<Buffer> {
  const end = PREFIX_BYTES + headerLength(name, all.subarray(0, PREFIX_BYTES));
  if (all.length < end) throw notAnArchive(name);
  const { key } = parseOpening(name, all.subarray(0, end), fleetKey);
  const parts: Buffer[] = [];
  for await (const part of opened(pieces(all.subarray(end)), { path: name, key })) parts.push(part);
  return Buffer.concat(parts);
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
