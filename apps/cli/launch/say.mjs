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
