import { constants, fstatSync, openSync, writeSync } from "node:fs";
import type { Writable } from "node:stream";

/** A place for bytes that never makes its caller wait. */
export interface Sink {
  /** How many it took; 0 = none now. Throws what the system said. */
  write(bytes: Buffer): number;
}

/** More than this is not handed to a stream that does not get rid of it. */
const HANDED_BYTES = 64 * 1024;

/** Standard stream 1 or 2 as it is: a file, a pipe, a terminal, a socket. */
export function sinkOf(fd: 1 | 2): Sink {
  // A file takes or refuses at once.
  if (isFile(fd)) return { write: (bytes) => writeSync(fd, bytes) };
  try {
    // Opened once more, so that not waiting is a matter of this process alone: the flags of an inherited descriptor are shared.
    const own = openSync(`/dev/fd/${fd}`, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY);
    return { write: (bytes) => writeSync(own, bytes) };
  } catch {
    return handedTo(fd === 1 ? process.stdout : process.stderr);
  }
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}

/** A socket, such as what a supervisor reads its workers by, or a pipe that belongs to another user. */
function handedTo(stream: Writable): Sink {
  let broken: NodeJS.ErrnoException | null = null;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    broken = error;
  });
  return {
    write: (bytes) => {
      if (broken) throw broken;
      if (stream.writableLength > HANDED_BYTES) return 0;
      stream.write(bytes);
      return bytes.length;
    },
  };
}
