import type { Database } from "@flotilla/sqlite";
import type { SessionIdentity } from "../file/identity.ts";
import { homeAddress } from "../keys/checks.ts";
import type { DcAddress, KeySlots } from "../keys/key-slots.ts";
import { keyFingerprint } from "../keys/seal.ts";
import type { AccountRows } from "../tables/account-rows.ts";
import { EntityTable, MAX_ENTITIES } from "../tables/entities.ts";
import type { ParsedSession } from "./parsed.ts";

/**
 * Where an imported session goes to: Telegram, or the one server of the configuration, whose
 * address is not stored.
 */
export type ImportServer = "telegram" | "custom";

/** The data centre of an imported session. Throws AppError `import-malformed`. */
export function addressOf({ dcId }: ParsedSession, server: ImportServer): DcAddress {
  if (server === "custom") return { id: dcId, address: "", port: 0 };
  return { id: dcId, address: homeAddress(dcId), port: 443 };
}

/** Which key and account an imported session is. */
export function identityOf({ authKey, userId }: ParsedSession, name: string): SessionIdentity {
  return { name, fingerprint: keyFingerprint(authKey), userId };
}

/** The rows of a session that is to get another key. */
export interface AdoptingRows {
  readonly db: Database;
  readonly slots: KeySlots;
  readonly account: AccountRows;
}

/**
 * Puts an imported session in the place of the one that is there. What was learned for another
 * account, or for one that is not known, is forgotten.
 */
export function adoptInto(
  { db, slots, account }: AdoptingRows,
  parsed: ParsedSession,
  server: ImportServer,
  now: number,
): void {
  db.transaction(() => {
    const same = parsed.userId !== null && parsed.userId === account.self()?.id;
    if (!same) account.forget();
    slots.write("pending", addressOf(parsed, server), parsed.authKey);
    slots.promote();
    writeMemory(db, account, parsed, now);
  });
}

/** Writes what the other program knew, marked as not verified. Call inside a transaction. */
export function writeMemory(
  db: Database,
  account: AccountRows,
  parsed: ParsedSession,
  now: number,
): void {
  account.writeOrigin({
    format: parsed.format,
    apiId: parsed.apiId,
    importedAt: now,
    verifiedAt: null,
  });
  if (parsed.userId !== null) account.writeSelf(selfOf(parsed, parsed.userId), now);
  // The account's own position is newer than the one of a program that has stopped.
  if (parsed.updateState && account.updateState() === null) {
    account.writeUpdateState(parsed.updateState);
    for (const channel of parsed.channels) account.writeChannel(channel);
  }
  // The latest come first; the table forgets the ones that were seen first.
  new EntityTable(db, () => now, MAX_ENTITIES).upsert(parsed.entities.toReversed());
}

/** The first connection brings the name; until then what the other program remembered has to do. */
function selfOf({ entities }: ParsedSession, id: string) {
  const known = entities.find((entity) => entity.id === id);
  return {
    id,
    name: known?.name ?? id,
    username: known?.username ?? null,
    phone: known?.phone ?? null,
  };
}
