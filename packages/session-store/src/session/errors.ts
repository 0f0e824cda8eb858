import { AppError } from "@flotilla/kernel";

/** Code outside a login, most likely the library, tried to change the key. */
export function keyProtected(what: string): AppError {
  return new AppError("key-protected", `Refused: something tried to ${what} outside a login.`);
}

/** A step of a login without a login. */
export function noLogin(): AppError {
  return new AppError("no-login", "No login is running in this session.");
}

/** The server says that the key is another account's. */
export function accountChanged(): AppError {
  return new AppError(
    "account-changed",
    "This session belongs to another account than it did before.",
  );
}

/** An owner with a higher fencing token has the session now. */
export function staleFence(number: number): AppError {
  return new AppError("stale-fence", "Another host took this session over.", {
    details: { number },
  });
}
