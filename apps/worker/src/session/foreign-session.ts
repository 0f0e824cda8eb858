import { type LoginStep, type SealKeyPair, unsealBytes } from "@flotilla/contracts";
import { AppError } from "@flotilla/kernel";
import {
  type ImportServer,
  keyFingerprint,
  type ParsedSession,
  readForAdoption,
  type SessionStore,
} from "@flotilla/session-store";

/** Parts of {@link ForeignSession}. */
export interface ForeignSessionDeps {
  readonly store: SessionStore;
  /** Folder of the sessions. */
  readonly dir: string;
  readonly fleetKey: Buffer;
  readonly server: ImportServer;
  readonly apiId: number;
  /** Takes what the bot left for this login, sealed; null when it is not there any more. */
  readonly take: (loginId: string) => Promise<Buffer | null>;
  /** Which other worker of the fleet has this key or account, as people name it; null = nobody. */
  readonly ownerElsewhere: (of: {
    readonly fingerprint: string | null;
    readonly userId: string | null;
  }) => Promise<string | null>;
}

/**
 * A session of another program that an admin sent in the chat, on its way into this worker's session. Between the look and the yes it is only in
 * the memory of this process.
 */
export class ForeignSession {
  readonly #deps: ForeignSessionDeps;
  #found: ParsedSession | null = null;

  constructor(deps: ForeignSessionDeps) {
    this.#deps = deps;
  }

  /** Reads and checks what was sent. Throws AppError `redis-away`, `bad-seal`. */
  async look(loginId: string, keys: SealKeyPair): Promise<LoginStep> {
    const { store, dir, fleetKey, take, apiId } = this.#deps;
    this.forget();
    const parcel = await take(loginId);
    if (parcel === null) return refused("parcel-gone");
    const bytes = unsealBytes(keys.privateKey, loginId, parcel);
    try {
      const found = readForAdoption({ source: { kind: "bytes", bytes }, dir, name: store.name, fleetKey });
      const taken = await this.#takenElsewhere(found);
      if (taken) return taken;
      this.#found = found;
      const { format, userId, updateState } = found;
      const otherApiId = found.apiId === apiId ? null : found.apiId;
      return { kind: "session-found", format, userId, resumes: updateState !== null, otherApiId };
    } catch (error) {
      return refusalOf(error);
    }
  }

  /** Puts it in the place of the worker's session; nobody may use that at the moment. */
  async adopt(): Promise<LoginStep> {
    const { store, server } = this.#deps;
    const found = this.#found;
    if (!found) return refused("wrong-step");
    const taken = await this.#takenElsewhere(found);
    if (taken) return taken;
    try {
      store.adopt(found, server);
    } catch (error) {
      return refusalOf(error);
    }
    this.forget();
    return { kind: "session-taken", userId: found.userId };
  }

  /** Drops what was read. Idempotent. */
  forget(): void {
    this.#found = null;
  }

  async #takenElsewhere({ authKey, userId }: ParsedSession): Promise<LoginStep | null> {
    const who = await this.#deps.ownerElsewhere({ fingerprint: keyFingerprint(authKey), userId });
    return who === null ? null : refused("session-duplicate", who);
  }
}

function refused(reason: string, who?: string): LoginStep {
  return { kind: "refused", reason, fault: null, waitS: null, final: false, ...(who === undefined ? {} : { who }) };
}

/** What is wrong with a session is for the wizard, by its code; anything else is a failure of the command. */
function refusalOf(error: unknown): LoginStep {
  if (!(error instanceof AppError) || !/^(import|session)-/.test(error.code)) throw error;
  const { other, name } = error.details;
  const who = other ?? (error.code === "session-neighbour-unknown" ? name : undefined);
  return refused(error.code, who === undefined || who === null ? undefined : String(who));
}
