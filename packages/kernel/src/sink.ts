import { constants, fstatSync, openSync, writeSync } from "node:fs";
import type { Writable } from "node:stream";

/** A byte sink that never makes its caller wait. */
export interface Sink {
  /** Number of bytes taken; 0 = none now. Throws the system's error. */
  write(bytes: Buffer): number;
}

/** Most bytes that wait in a Node stream. */
const HANDED_BYTES = 64 * 1024;

/** Sink for standard stream 1 or 2: a file, a pipe, a terminal or a socket. */
export function sinkOf(fd: 1 | 2): Sink {
  // A file takes or refuses the bytes at once.
  if (isFile(fd)) return { write: (bytes) => writeSync(fd, bytes) };
  try {
    // Opens its own descriptor: O_NONBLOCK on the inherited one would change it for other processes
    // too.
    const own = openSync(
      `/dev/fd/${fd}`,
      constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
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

/**
 * For a socket, such as the one over which a supervisor reads its workers, or a pipe of another
 * user.
 */
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
