import type { Clock } from "@flotilla/kernel";
import type { UpTime } from "../file/up-time.ts";
import type { OwnerPlace } from "../keys/owner/key-owner.ts";

/** Options of `openSession`. */
export interface SessionOptions {
  readonly dir: string;
  /** The file is `<dir>/<name>.session`. */
  readonly name: string;
  /** 32 bytes. The caller keeps it. */
  readonly fleetKey: Buffer;
  readonly clock?: Clock;
  /** What waits are measured with; default: this machine's. */
  readonly upTime?: UpTime;
  /** Most entities to remember; default 50,000. */
  readonly maxEntities?: number;
  /**
   * For tools that never connect (doctor, backup): open it although another session of the folder
   * has the same key or account, and leave the note about who it is alone.
   */
  readonly unannounced?: boolean;
  /**
   * Required to connect: the machine's lock on the key is held before the key is used. Tools that
   * never connect need none.
   */
  readonly owner?: OwnerPlace;
}

/** The account a session belongs to. */
export interface SelfUser {
  /** Decimal. */
  readonly id: string;
  readonly name: string;
  readonly username: string | null;
  readonly phone: string | null;
}

/** Position in the update stream (https://core.telegram.org/api/updates). */
export interface UpdateState {
  readonly pts: number;
  readonly qts: number;
  readonly date: number;
  readonly seq: number;
}

/** Position in one channel's stream. */
export interface ChannelState {
  /** Bare channel id, decimal. */
  readonly id: string;
  readonly pts: number;
  /** Access hash, decimal, when it is known. */
  readonly hash: string | null;
}

/** Where sessions can come from. */
export type SessionFormat =
  | "telethon-string"
  | "gramjs-string"
  | "gramjs-folder"
  | "pyrogram-string"
  | "mtcute-string"
  | "mtcute-file"
  | "telethon-file"
  | "pyrogram-file"
  | "flotilla-file";

/** How the key of an imported session came here; a login clears it. */
export interface SessionOrigin {
  readonly format: SessionFormat;
  /** The application the key was made with, when the source said so. */
  readonly apiId: number | null;
  /** Milliseconds since the Unix epoch. */
  readonly importedAt: number;
  /** When the first connection found the expected account; null until then. */
  readonly verifiedAt: number | null;
}
