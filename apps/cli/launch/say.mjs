/**
 * A failure that a user can fix. The launcher prints only the message, without a stack, and exits
 * with code 1.
 */
export class LaunchError extends Error {
  /** @override */
  name = "LaunchError";
}

/**
 * Prints one progress line on stderr; stdout belongs to the product. Ignores a closed terminal.
 * @param {string} line
 */
export function say(line) {
  try {
    process.stderr.write(`${line}\n`);
  } catch {
    // EIO or EPIPE: the reader is gone.
  }
}

/**
 * One sentence for the user. An unknown error keeps its stack: it is a bug.
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (error instanceof LaunchError) return error.message;
  const { code, path: file } = /** @type {NodeJS.ErrnoException} */ (error ?? {});
  const remedy = code === undefined ? undefined : remedyFor(code, file);
  if (remedy !== undefined) return remedy;
  if (error instanceof Error) return error.stack ?? error.message;
  return String(error);
}

/**
 * @param {string} code of the operating system
 * @param {string} [file]
 * @returns {string | undefined}
 */
export function remedyFor(code, file) {
  const where = file === undefined ? "the checkout" : file;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return `The disk is full (${code}). Free about 600 MB where Flotilla lies, then start again.`;
    case "EROFS":
      return (
        `${where} is on a read-only file system. Copy Flotilla to a place that can be written, ` +
        "then start again."
      );
    case "EACCES":
    case "EPERM":
      return (
        `No permission to write ${where} (${code}). Give this folder to the user who starts ` +
        "Flotilla, or start it as its owner."
      );
    default:
      return undefined;
  }
}
