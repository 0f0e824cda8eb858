import { realpathSync, statSync } from "node:fs";

const SETPRIV = "/usr/bin/setpriv";
const BUSYBOX = "/bin/busybox";

/**
 * The command line that makes the kernel send `signal` to the program when its parent dies in any
 * way, SIGKILL included (Linux, `setpriv` of util-linux; measured 3 to 7 ms, also for a hung or
 * stopped child). Elsewhere it returns the command as it is, and the child must notice its closed
 * IPC channel.
 */
export function boundToParent(
  command: string,
  args: readonly string[],
  signal: "TERM" | "KILL",
): { readonly command: string; readonly args: string[] } {
  if (!canBindToParent()) return { command, args: [...args] };
  return { command: SETPRIV, args: ["--pdeathsig", signal, command, ...args] };
}

/**
 * Whether {@link boundToParent} works here. The `setpriv` of BusyBox has no `--pdeathsig`: it would
 * start no program.
 */
export function canBindToParent(setpriv: string = SETPRIV, busybox: string = BUSYBOX): boolean {
  if (process.platform !== "linux") return false;
  try {
    const real = realpathSync(setpriv);
    return !/busybox/.test(real) && !isSameFile(real, busybox);
  } catch {
    return false;
  }
}

/**
 * The warning for a start on Linux without a usable `setpriv`; null when it is usable, and on other
 * systems.
 */
export function unboundWarning(): string | null {
  if (process.platform !== "linux" || canBindToParent()) return null;
  return (
    "This machine has no setpriv of util-linux: a worker that hangs while its supervisor is " +
    "killed lives on until the next start ends it. Install util-linux."
  );
}

/** BusyBox is also installed as one file with many names. */
function isSameFile(path: string, other: string): boolean {
  const [a, b] = [path, other].map((each) => statSync(each, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}
