import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { redact } from "@flotilla/observability";

const RING_LINES = 200;
const FILE_LIMIT_BYTES = 5 * 1024 * 1024;

/** Where a worker's output goes: a file (0600, one older generation kept) and the last lines in memory. */
export class LogSink {
  readonly #path: string;
  readonly #ring: string[] = [];
  #fd: number;
  #partial = "";
  #closed = false;

  constructor(path: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#fd = openSync(path, "a", 0o600);
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
    if (!this.#closed) closeSync(this.#fd);
    this.#closed = true;
  }

  #line(line: string): void {
    this.#ring.push(line.slice(0, 2000));
    if (this.#ring.length > RING_LINES) this.#ring.shift();
    try {
      writeSync(this.#fd, `${line}\n`);
      if (fstatSync(this.#fd).size > FILE_LIMIT_BYTES) this.#rotate();
    } catch {
      // The ring still has it; the disk's state is reported elsewhere.
    }
  }

  #rotate(): void {
    renameSync(this.#path, `${this.#path}.1`);
    closeSync(this.#fd);
    this.#fd = openSync(this.#path, "a", 0o600);
  }
}

/** A JSON log line as `12:04:31 warn text`; other lines as they are. */
function readable(line: string): string {
  if (!line.startsWith("{")) return line;
  try {
    const entry = JSON.parse(line) as { time?: string; level?: string; msg?: string; err?: { message?: string } };
    const time = entry.time?.slice(11, 19) ?? "";
    return [time, entry.level ?? "", entry.msg ?? "", entry.err?.message ?? ""].filter(Boolean).join(" ");
  } catch {
    return line;
  }
}
