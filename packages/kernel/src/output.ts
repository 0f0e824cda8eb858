import { toError } from "./errors.ts";
import { type Sink, sinkOf } from "./sink.ts";

/** What may wait in memory for a reader that does not read. What comes then is counted, not kept. */
const WAITING_BYTES = 256 * 1024;
/** How often a descriptor that took nothing is tried again, with nothing new to write. */
const RETRY_MS = 1000;
/** A full pipe or terminal is looked at so often. */
const DRAIN_MS = 50;

/** How an {@link Output} is doing. */
interface OutputState {
  /** Texts that were lost since the start. */
  readonly lost: number;
  /** Why nothing can be written now, such as `ENOSPC` or `EAGAIN` (no reader); null = it works. */
  readonly code: string | null;
}

/** Makes the line that tells of texts that were not written. */
type LostLine = (lost: number) => string;

interface Entry {
  bytes: Buffer;
  /** How many texts are lost with it; of the line that tells of lost ones, those. */
  readonly texts: number;
  readonly isNotice: boolean;
}

/**
 * Writes to a standard stream (1 or 2) and never blocks, throws or ends the process, whatever is at its other end: a full disk, a pipe without a reader or
 * that is closed, a stopped terminal. Keeps at most 256 KB for a slow reader. What is lost is counted and told in the stream as soon as it takes something.
 */
export class Output {
  readonly #lostLine: LostLine;
  readonly #sink: Sink;
  #waiting: Entry[] = [];
  #bytes = 0;
  #untold = 0;
  #lost = 0;
  #code: string | null = null;
  /** The last line that got out has no end. */
  #isCut = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(fd: 1 | 2, lostLine: LostLine = (lost) => `${lost} lines were not written\n`) {
    this.#lostLine = lostLine;
    this.#sink = sinkOf(fd);
  }

  /** Writes whole lines. What cannot be written now waits, or is counted. Never throws. */
  write(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#bytes + bytes.length > WAITING_BYTES) {
      this.#lost += 1;
      this.#untold += 1;
      return;
    }
    this.#tellLost();
    this.#push(bytes, 1, false);
    // A reader that is slow is not asked for each line.
    if (this.#code !== "EAGAIN") this.#drain();
  }

  /** How it is doing. */
  get state(): OutputState {
    return { lost: this.#lost, code: this.#code };
  }

  #push(bytes: Buffer, texts: number, isNotice: boolean): void {
    this.#waiting.push({ bytes, texts, isNotice });
    this.#bytes += bytes.length;
  }

  /** Behind what came before the lost ones, and before what comes after. */
  #tellLost(): void {
    if (this.#untold === 0) return;
    // The rest of a line that still waits ends it; one whose rest was lost has no end.
    const isOpen = this.#isCut && this.#waiting.length === 0;
    this.#push(Buffer.from(`${isOpen ? "\n" : ""}${this.#lostLine(this.#untold)}`), this.#untold, true);
    this.#untold = 0;
  }

  #drain(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tellLost();
    try {
      for (let next = this.#waiting[0]; next; next = this.#waiting[0]) this.#put(next);
      this.#code = null;
    } catch (thrown) {
      this.#stuck((toError(thrown) as NodeJS.ErrnoException).code ?? "unknown");
    }
  }

  #put(entry: Entry): void {
    while (entry.bytes.length > 0) {
      const written = this.#sink.write(entry.bytes);
      if (written === 0) throw Object.assign(new Error("nothing was taken"), { code: "EAGAIN" });
      entry.bytes = entry.bytes.subarray(written);
      this.#bytes -= written;
      this.#isCut = entry.bytes.length > 0;
    }
    this.#waiting.shift();
  }

  /** A slow reader gets what waits. Where nothing can be written at all, such as on a full disk, what waits is lost: memory is for no log. */
  #stuck(code: string): void {
    this.#code = code;
    const isSlow = code === "EAGAIN";
    if (!isSlow) this.#dropAll();
    this.#timer = setTimeout(() => this.#drain(), isSlow ? DRAIN_MS : RETRY_MS);
    this.#timer.unref();
  }

  #dropAll(): void {
    for (const { texts, isNotice } of this.#waiting) {
      this.#untold += texts;
      if (!isNotice) this.#lost += texts;
    }
    this.#waiting = [];
    this.#bytes = 0;
  }
}
