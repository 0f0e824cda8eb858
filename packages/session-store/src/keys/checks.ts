import { isIPv6 } from "node:net";
import { homeAddressOf } from "@flotilla/kernel";
import { refused } from "./refusals.ts";
import { AUTH_KEY_BYTES } from "./seal.ts";

/** Serves files only. */
const MEDIA_DC = 203;
/** Formats without a flag for test servers show them by their address. */
const TEST_ADDRESSES: ReadonlySet<string> = new Set([
  "149.154.175.10",
  "149.154.167.40",
  "149.154.175.117",
  "2001:b28:f23d:f001::e",
  "2001:67c:4e8:f002::e",
  "2001:b28:f23d:f003::e",
]);

/** Address of a home data centre of Telegram. Throws AppError `import-malformed`. */
export function homeAddress(dcId: number): string {
  const address = homeAddressOf(dcId);
  if (address === null) throw refused("import-malformed", { details: { part: "data centre" } });
  return address;
}

/** Throws AppError `import-media-dc` or `import-malformed` unless accounts can live there. */
export function checkDc(dcId: number): number {
  if (dcId === MEDIA_DC) throw refused("import-media-dc");
  homeAddress(dcId);
  return dcId;
}

/** Throws AppError `import-test-server` for an address of a test server. */
export function checkAddress(address: string): void {
  if (
    TEST_ADDRESSES.has(
      isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address,
    )
  )
    throw refused("import-test-server");
}

/**
 * Throws AppError `import-not-logged-in` without a key, `import-malformed` for one that cannot be
 * real. Returns a copy.
 */
export function checkKey(key: Buffer): Buffer {
  if (key.length === 0) throw refused("import-not-logged-in");
  const first = key[0];
  if (key.length !== AUTH_KEY_BYTES || key.every((byte) => byte === first))
    throw refused("import-malformed", { details: { part: "key", bytes: key.length } });
  return Buffer.from(key);
}

/**
 * Throws AppError `import-bot` or `import-test-server` when a flag is set, `import-malformed` when
 * it is no flag.
 */
export function checkFlags({
  testMode,
  isBot,
}: {
  readonly testMode: number;
  readonly isBot: number;
}): void {
  if (![0, 1].includes(testMode) || ![0, 1].includes(isBot))
    throw refused("import-malformed", { details: { part: "flag" } });
  if (testMode === 1) throw refused("import-test-server");
  if (isBot === 1) throw refused("import-bot");
}

/**
 * A user id as decimal text, null for 0. Telegram's ids have at most 52 bits. Throws AppError
 * `import-malformed`.
 */
export function checkUserId(id: bigint): string | null {
  if (id < 0n || id >= 1n << 52n)
    throw refused("import-malformed", { details: { part: "user id" } });
  return id === 0n ? null : id.toString();
}
