import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "@flotilla/kernel";
import { redact } from "@flotilla/observability";

const RING_LINES = 200;
/** Characters of an unfinished line. */
const LINE_LIMIT = 64_000;
const FILE_LIMIT_BYTES = 5 * 1024 * 1024;

/**
 * Writes a worker's output to a file (mode 0600, 5 MB, one older generation) and keeps the last 200
 * lines in memory. Never throws: a log failure must not stop a process.
 */
export class LogSink {
  readonly #path: string;
  readonly #ring: string[] = [];
  /** Null while the file is closed: a kept number could belong to another file by now. */
  #fd: number | null = null;
  #partial = "";
  #closed = false;
  /** Lines missing in the file; the next successful write says how many. */
  #lost = 0;
  #isCut = false;

  constructor(path: string) {
    this.#path = path;
    this.#fd = this.#open();
  }

  /**
   * Takes output in any pieces; writes it by line, redacted. On a full disk only the file loses
   * lines.
   */
  append(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = shortened(lines.pop() ?? "");
    for (const line of lines) this.#line(redact(line));
  }

  /** The last `count` lines, oldest first; JSON lines as time, level and text. */
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
      // The ring has the line; DiskWatch reports the disk.
    }
  }

  /** An almost full disk takes only part of a line; the next line then starts with a line break. */
  #write(fd: number, line: string): void {
    let rest = Buffer.from(`${this.#lossNote()}${line}\n`);
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

  #lossNote(): string {
    if (this.#lost === 0) return "";
    return `${this.#isCut ? "\n" : ""}${this.#lost} lines were not written\n`;
  }

  #open(): number | null {
    try {
      makeFolder(dirname(this.#path), 0o700);
      return openSync(this.#path, "a", 0o600);
    } catch {
      return null;
    }
  }

  /** Uses the old file until the new one is open. */
  #rotate(old: number): void {
    // Absent when an earlier rotation renamed it and failed to open a new file.
    if (existsSync(this.#path)) renameSync(this.#path, `${this.#path}.1`);
    const fresh = this.#open();
    if (fresh === null) return;
    this.#fd = fresh;
    closeSync(old);
  }
}

/** The end of a line that is too long. Redacts it first: half a secret does not look like one. */
function shortened(line: string): string {
  return line.length <= LINE_LIMIT ? line : redact(line).slice(-LINE_LIMIT);
}

/** A JSON log line as `2026-11-01T12:04:31Z warn text`; other lines unchanged. */
function readable(line: string): string {
  if (!line.startsWith("{")) return line;
  try {
    const entry = JSON.parse(line) as {
      time?: string;
      level?: string;
      msg?: string;
      err?: { message?: string };
    };
    const time = entry.time?.replace(/\.\d+Z$/, "Z") ?? "";
    return [time, entry.level ?? "", entry.msg ?? "", entry.err?.message ?? ""]
      .filter(Boolean)
      .join(" ");
  } catch {
    return line;
  }
}
