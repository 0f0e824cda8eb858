import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "@flotilla/kernel";
import { redact } from "@flotilla/observability";

const RING_LINES = 200;
const FILE_LIMIT_BYTES = 5 * 1024 * 1024;

/** Where a worker's output goes: a file (0600, one older generation kept) and the last lines in memory. Never throws: a log decides over no process. */
export class LogSink {
  readonly #path: string;
  readonly #ring: string[] = [];
  /** Null while the file cannot be opened: no descriptor, so nothing is ever written into a file that got its number. */
  #fd: number | null = null;
  #partial = "";
  #closed = false;
  /** Lines that the file does not have, until it is told of them. */
  #lost = 0;
  #isCut = false;

  constructor(path: string) {
    this.#path = path;
    this.#fd = this.#open();
  }

  /** Takes output as it comes, in any pieces. Written line by line, redacted. A full disk loses the file's lines, not the ring's. */
  append(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = (lines.pop() ?? "").slice(-64_000);
    for (const line of lines) this.#line(redact(line));
  }

  /** The last `count` lines, oldest first, made readable. */
  tail(count: number): string[] {
    return this.#ring.slice(-count).map(readable);
  }

  /** Idempotent. */
  close(): void {
    if (this.#partial) this.#line(redact(this.#partial));
    this.#partial = "";
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#closed = true;
  }

  #line(line: string): void {
    this.#ring.push(line.slice(0, 2000));
    if (this.#ring.length > RING_LINES) this.#ring.shift();
    if (this.#closed) return;
    try {
      this.#fd ??= this.#open();
      if (this.#fd === null) {
        this.#lost += 1;
        return;
      }
      this.#write(this.#fd, line);
      if (fstatSync(this.#fd).size > FILE_LIMIT_BYTES) this.#rotate(this.#fd);
    } catch {
      // The ring still has it; the disk's state is reported elsewhere.
    }
  }

  /** A disk that is almost full takes a part: the line is cut then, and the next one begins on its own. */
  #write(fd: number, line: string): void {
    const lost = this.#lost === 0 ? "" : `${this.#isCut ? "\n" : ""}${this.#lost} lines were not written\n`;
    let rest = Buffer.from(`${lost}${line}\n`);
    try {
      while (rest.length > 0) {
        rest = rest.subarray(writeSync(fd, rest));
        this.#isCut = true;
      }
    } catch (error) {
      this.#lost += 1;
      throw error;
    }
    this.#lost = 0;
    this.#isCut = false;
  }

  #open(): number | null {
    try {
      makeFolder(dirname(this.#path), 0o700);
      return openSync(this.#path, "a", 0o600);
    } catch {
      return null;
    }
  }

  /** The old file stays in use until there is a new one. */
  #rotate(old: number): void {
    // It has its new name already when the last try could not make a new file.
    if (existsSync(this.#path)) renameSync(this.#path, `${this.#path}.1`);
    const fresh = this.#open();
    if (fresh === null) return;
    this.#fd = fresh;
    closeSync(old);
  }
}

/** A JSON log line as `2026-11-01T12:04:31Z warn text`: who reads it has a time zone. Other lines as they are. */
function readable(line: string): string {
  if (!line.startsWith("{")) return line;
  try {
    const entry = JSON.parse(line) as { time?: string; level?: string; msg?: string; err?: { message?: string } };
    const time = entry.time?.replace(/\.\d+Z$/, "Z") ?? "";
    return [time, entry.level ?? "", entry.msg ?? "", entry.err?.message ?? ""].filter(Boolean).join(" ");
  } catch {
    return line;
  }
}
