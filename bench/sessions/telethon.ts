import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Contender, Round } from "../lib/pairwise.ts";

const PYTHONS = ["/usr/bin/python3", "python3"];

/** A Python with Telethon (Debian: `apt-get install python3-telethon`); null when there is none. */
export function pythonWithTelethon(): string | null {
  return (
    PYTHONS.find((python) => spawnSync(python, ["-c", "import telethon"]).status === 0) ?? null
  );
}

/** Telethon's SQLite session in its own process, as its programs use it. */
export class Telethon implements Contender, AsyncDisposable {
  readonly name = "Telethon process_entities + save";
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #ready: Promise<string>;

  constructor(python: string, dir: string) {
    this.#child = spawn(python, [
      join(import.meta.dirname, "telethon_save.py"),
      join(dir, "telethon"),
    ]);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#ready = this.#line();
  }

  async round(forMs: number): Promise<Round> {
    await this.#ready;
    this.#child.stdin.write(`${forMs}\n`);
    return JSON.parse(await this.#line()) as Round;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#child.once("exit", () => resolve());
    this.#child.stdin.end();
    await promise;
  }

  async #line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done) throw new Error("Telethon's process ended before its round did");
    return next.value;
  }
}
