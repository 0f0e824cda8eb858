import { AppError } from "@flotilla/kernel";

/** Somebody, the library most likely, tried what only a login may. */
export function keyProtected(what: string): AppError {
  return new AppError("key-protected", `Refused: something tried to ${what} outside a login.`);
}

/** A step of a login without a login. */
export function noLogin(): AppError {
  return new AppError("no-login", "No login is running in this session.");
}
