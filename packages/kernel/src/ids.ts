import { AppError } from "./errors.ts";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/**
 * A worker's id and name in one: 1 to 32 characters of a-z, 0-9, `_` and `-`, starting with a
 * letter.
 */
export type WorkerId = Branded<"WorkerId">;
/** Id of the machine a supervisor runs on; same alphabet as {@link WorkerId}. */
export type HostId = Branded<"HostId">;
/** A Telegram user id as a decimal string (it exceeds 2^53 in principle). */
export type UserId = Branded<"UserId">;

const NAME = /^[a-z][a-z0-9_-]{0,31}$/;

/** Parses a worker name. Throws AppError `bad-worker-id` with the rule in its text. */
export function parseWorkerId(text: string): WorkerId {
  if (NAME.test(text)) return text as WorkerId;
  throw new AppError(
    "bad-worker-id",
    "A worker name has 1 to 32 characters of a-z, 0-9, _ and -, and starts with a letter.",
  );
}

/** Parses a host id. Throws AppError `bad-host-id`. */
export function parseHostId(text: string): HostId {
  if (NAME.test(text)) return text as HostId;
  throw new AppError(
    "bad-host-id",
    "A host id has 1 to 32 characters of a-z, 0-9, _ and -, and starts with a letter.",
  );
}

/** Parses a Telegram user id. Throws AppError `bad-user-id`. */
export function parseUserId(text: string): UserId {
  if (/^[1-9][0-9]{0,18}$/.test(text)) return text as UserId;
  throw new AppError("bad-user-id", "A Telegram user id is a positive whole number.");
}
