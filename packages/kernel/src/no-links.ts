/** What a file system says that has no hard links, or does not want this one. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"]);

/** Whether a hard link was refused because there can be none there: the file has to get its name in another way. */
export function cannotLink(error: unknown): boolean {
  return NO_LINKS.has((error as NodeJS.ErrnoException).code ?? "");
}
