import { type LoginStep, type SealKeyPair, unsealBytes } from "@flotilla/contracts";
import { AppError, withoutUndefined } from "@flotilla/kernel";
import {
  type ImportServer,
  keyFingerprint,
  type ParsedSession,
  readForAdoption,
  type SessionStore,
} from "@flotilla/session-store";

export interface ForeignSessionDeps {
  readonly store: SessionStore;
  /** Folder of the sessions. */
  readonly dir: string;
  readonly fleetKey: Buffer;
  readonly server: ImportServer;
  readonly apiId: number;
  /** Takes the sealed session that the bot left for this login; null when it expired. */
  readonly take: (loginId: string) => Promise<Buffer | null>;
  /** Name of the other worker of the fleet that has this key or account; null when none has. */
  readonly ownerElsewhere: (of: {
    readonly fingerprint: string | null;
    readonly userId: string | null;
  }) => Promise<string | null>;
}

/** A step of the wizard; `found` is the session that it shows, a secret. */
export interface Look {
  readonly step: LoginStep;
  readonly found: ParsedSession | null;
}

/**
 * Imports a session of another program that an admin sent in the chat. Until the admin confirms, it
 * is only in the memory of this process.
 */
export class ForeignSession {
  readonly #deps: ForeignSessionDeps;

  constructor(deps: ForeignSessionDeps) {
    this.#deps = deps;
  }

  /** Reads and checks what was sent. Throws AppError `redis-away`, `bad-seal`. */
  async look(loginId: string, keys: SealKeyPair): Promise<Look> {
    const { store, dir, fleetKey, take, apiId } = this.#deps;
    const parcel = await take(loginId);
    if (parcel === null) return { step: refused("parcel-gone"), found: null };
    const bytes = unsealBytes(keys.privateKey, loginId, parcel);
    try {
      const found = readForAdoption({
        source: { kind: "bytes", bytes },
        dir,
        name: store.name,
        fleetKey,
      });
      const taken = await this.takenElsewhere(found);
      if (taken) return { step: taken, found: null };
      const { format, userId, updateState } = found;
      const otherApiId = found.apiId === apiId ? null : found.apiId;
      const resumes = updateState !== null;
      return { step: { kind: "session-found", format, userId, resumes, otherApiId }, found };
    } catch (error) {
      return { step: refusalOf(error), found: null };
    }
  }

  /** Replaces the worker's session with what {@link look} found. The account must be off Telegram. */
  adopt(found: ParsedSession): LoginStep {
    const { store, server } = this.#deps;
    try {
      store.adopt(found, server);
    } catch (error) {
      return refusalOf(error);
    }
    return { kind: "session-taken", userId: found.userId };
  }

  /** A refusal when another worker of the fleet has the key or the account; otherwise null. */
  async takenElsewhere({ authKey, userId }: ParsedSession): Promise<LoginStep | null> {
    const who = await this.#deps.ownerElsewhere({ fingerprint: keyFingerprint(authKey), userId });
    return who === null ? null : refused("session-duplicate", who);
  }
}

/** A refusal after which the login stays open. */
export function refused(reason: string, who?: string): LoginStep {
  return {
    kind: "refused",
    reason,
    fault: null,
    waitS: null,
    final: false,
    ...withoutUndefined({ who }),
  };
}

/** A problem of the session becomes a step of the wizard; any other error fails the command. */
function refusalOf(error: unknown): LoginStep {
  if (!(error instanceof AppError) || !/^(import|session)-/.test(error.code)) throw error;
  const { other, name } = error.details;
  const who = other ?? (error.code === "session-neighbour-unknown" ? name : undefined);
  return refused(error.code, who === undefined || who === null ? undefined : String(who));
}
