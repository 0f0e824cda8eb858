/** Error codes of a file system without hard links, or that refuses this one. */
const NO_LINKS: ReadonlySet<string> = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
  "EXDEV",
]);

/**
 * Whether hard links are impossible there, so that the caller must place the file in another way.
 */
export function cannotLink(error: unknown): boolean {
  return NO_LINKS.has((error as NodeJS.ErrnoException).code ?? "");
}
