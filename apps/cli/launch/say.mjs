/**
 * A failure that a person can mend. The launcher prints the message alone, without a stack,
 * and ends with exit code 1.
 */
export class LaunchError extends Error {
  /** @override */
  name = "LaunchError";
}

/**
 * Prints one progress line on stderr; stdout belongs to the product.
 * A terminal that is gone is no reason to fail.
 * @param {string} line
 */
export function say(line) {
  try {
    process.stderr.write(`${line}\n`);
  } catch {
    // EIO or EPIPE: nobody is reading any more.
  }
}

/**
 * One sentence for a person. What is not known to be theirs to mend keeps its stack: it is a bug.
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (error instanceof LaunchError) return error.message;
  const { code, path: file } = /** @type {NodeJS.ErrnoException} */ (error ?? {});
  const remedy = code === undefined ? undefined : remedyFor(code, file);
  if (remedy !== undefined) return remedy;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
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
      return `${where} is on a read-only file system. Copy Flotilla to a place that can be written, then start again.`;
    case "EACCES":
    case "EPERM":
      return `No permission to write ${where} (${code}). Give this folder to the user who starts Flotilla, or start it as its owner.`;
    default:
      return undefined;
  }
}
