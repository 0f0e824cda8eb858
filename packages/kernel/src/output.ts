import { toError } from "./errors.ts";
import { type Sink, sinkOf } from "./sink.ts";

/** Bytes kept in memory for a reader that does not read. Later texts are counted and dropped. */
const WAITING_BYTES = 256 * 1024;
/**
 * Milliseconds between two tries on a descriptor that takes no bytes, when there is no new text.
 */
const RETRY_MS = 1000;
/** Milliseconds between two probes of a full pipe or terminal. */
const DRAIN_MS = 50;

interface OutputState {
  /** Number of texts dropped since the start. */
  readonly lost: number;
  /**
   * Why the descriptor takes no bytes now, such as `ENOSPC` or `EAGAIN` (no reader); null = it
   * takes them.
   */
  readonly code: string | null;
}

/** Makes the line that reports dropped texts. */
type LostLine = (lost: number) => string;

interface Entry {
  bytes: Buffer;
  /** Texts lost with this entry; for the line that reports losses, the number that it reports. */
  readonly texts: number;
  readonly isNotice: boolean;
}

/**
 * Writes to a standard stream (1 or 2). Never blocks, throws or ends the process: neither on a full
 * disk, nor on a pipe that is closed or has no reader, nor on a stopped terminal. Keeps at most 256
 * KB for a slow reader. Counts the texts that it drops, and writes the count into the stream as
 * soon as the stream takes bytes again.
 */
export class Output {
  readonly #lostLine: LostLine;
  readonly #sink: Sink;
  #waiting: Entry[] = [];
  #bytes = 0;
  #untold = 0;
  #lost = 0;
  #code: string | null = null;
  /** True when the last line that reached the stream was cut. */
  #isCut = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(fd: 1 | 2, lostLine: LostLine = (lost) => `${lost} lines were not written\n`) {
    this.#lostLine = lostLine;
    this.#sink = sinkOf(fd);
  }

  /** Writes whole lines. Keeps or counts the text that cannot be written now. Never throws. */
  write(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#bytes + bytes.length > WAITING_BYTES) {
      this.#lost += 1;
      this.#untold += 1;
      return;
    }
    this.#tellLost();
    this.#push(bytes, 1, false);
    // A slow reader is not probed for each line.
    if (this.#code !== "EAGAIN") this.#drain();
  }

  get state(): OutputState {
    return { lost: this.#lost, code: this.#code };
  }

  #push(bytes: Buffer, texts: number, isNotice: boolean): void {
    this.#waiting.push({ bytes, texts, isNotice });
    this.#bytes += bytes.length;
  }

  /**
   * Keeps the place of the lost texts: behind the texts before them, before the texts after them.
   */
  #tellLost(): void {
    if (this.#untold === 0) return;
    // A cut line is completed by its waiting rest; a line whose rest was dropped stays open.
    const isOpen = this.#isCut && this.#waiting.length === 0;
    this.#push(
      Buffer.from(`${isOpen ? "\n" : ""}${this.#lostLine(this.#untold)}`),
      this.#untold,
      true,
    );
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

  /**
   * Keeps the waiting texts for a slow reader. Drops them where no write can succeed, such as on a
   * full disk: memory does not replace the log.
   */
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
