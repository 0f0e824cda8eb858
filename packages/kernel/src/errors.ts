import { inspect } from "node:util";
import type { ErrorCode } from "./error-codes.ts";

/** `cause` and `details` of an {@link AppError}; both end up in the log. */
export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Ids and numbers that explain the error. Never a secret: details are logged. */
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

/**
 * The one error class of this code base. `code` is stable and machine-readable, `message` says
 * in plain words what happened and what to do.
 */
export class AppError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "AppError";
  readonly code: Code;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;

  constructor(code: Code, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** The code of an {@link AppError}; null for any other value. */
export function codeOf(error: unknown): ErrorCode | null {
  return error instanceof AppError ? error.code : null;
}

/** Turns any thrown value into an Error. Libraries here reject with strings and with undefined. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(
    typeof thrown === "string" ? thrown : `non-error thrown: ${inspect(thrown, { depth: 1 })}`,
  );
}
