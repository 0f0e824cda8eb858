import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";

/** Fields of the first 100 bytes (https://sqlite.org/fileformat.html#the_database_header). */
export interface Header {
  readonly pageSize: number;
  /** Null when the last writer did not keep it up to date. */
  readonly pages: number | null;
}

const MAGIC = Buffer.from("SQLite format 3\0", "latin1");
const HEADER_BYTES = 100;

/**
 * Reads the header; "damaged" when the bytes are not a header. Drops this process's POSIX locks on
 * the file: check {@link isOpenHere} first.
 */
export function readHeader(path: string): Header | "damaged" | "short" {
  const header = Buffer.alloc(HEADER_BYTES);
  const descriptor = openSync(path, "r");
  try {
    const length = readSync(descriptor, header, 0, HEADER_BYTES, 0);
    const compared = Math.min(length, MAGIC.length);
    if (!header.subarray(0, compared).equals(MAGIC.subarray(0, compared))) return "damaged";
    if (length < HEADER_BYTES) return "short";
  } finally {
    closeSync(descriptor);
  }
  return parseHeader(header);
}

function parseHeader(header: Buffer): Header | "damaged" {
  const stored = header.readUInt16BE(16);
  const pageSize = stored === 1 ? 65_536 : stored;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) return "damaged";
  // Payload fractions are fixed; versions are 1 (rollback journal) or 2 (WAL).
  const versions = [header[18], header[19]].every((version) => version === 1 || version === 2);
  if (!versions || header[21] !== 64 || header[22] !== 32 || header[23] !== 32) return "damaged";
  const counted = header.readUInt32BE(24) === header.readUInt32BE(92);
  return { pageSize, pages: counted ? header.readUInt32BE(28) : null };
}

/**
 * Whether this process has the file open, in any thread and through any library. Opening it again
 * and closing that would drop all its locks (https://sqlite.org/howtocorrupt.html section 2.2).
 * Always false on Windows, which has no such rule.
 */
export function isOpenHere(device: bigint, inode: bigint): boolean {
  if (process.platform === "win32") return false;
  return readdirSync(process.platform === "linux" ? "/proc/self/fd" : "/dev/fd").some((name) => {
    try {
      const open = fstatSync(Number(name), { bigint: true });
      return open.dev === device && open.ino === inode;
    } catch {
      return false;
    }
  });
}
