import { Logger } from "telegram/extensions/index.js";
import type { Log } from "./log.ts";

/**
 * GramJS's log lines, without those that must not be in a log: two of them print decrypted message
 * bytes (docs/gramjs.md). `canSend` is always false, which also stops its direct writes to the
 * console.
 */
export class VendorLogger extends Logger {
  readonly #sink: Log;

  constructor(sink: Log) {
    super();
    this.#sink = sink;
  }

  override canSend(): boolean {
    return false;
  }

  /** GramJS logs errors that it also reports properly; one level lower is enough. */
  override error(message: string): void {
    this.#sink("warn", clean(message));
  }

  override warn(message: string): void {
    this.#sink("info", clean(message));
  }

  override info(message: string): void {
    this.#sink("debug", clean(message));
  }

  override debug(): void {}
}

const LEAKS = ["Type ", "Received response without parent", "Security error"];
const MAX_LENGTH = 200;

function clean(message: string): string {
  const leak = LEAKS.find((start) => message.startsWith(start));
  return `gramjs: ${leak ? `${leak.trim()} (details withheld)` : message.slice(0, MAX_LENGTH)}`;
}
