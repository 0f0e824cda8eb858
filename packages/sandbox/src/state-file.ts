import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError, sleep, toError } from "@flotilla/kernel";
import { z } from "zod";
import type { BackendState, BotBackend } from "./botapi/backend.ts";

const VERSION = 1;
const SAVE_PAUSE_MS = 250;
const envelope = z.object({
  v: z.literal(VERSION),
  botId: z.number(),
  bot: z.custom<BackendState>((value) => typeof value === "object"),
});

/**
 * Keeps the Bot API half in a JSON file (mode 0600), written whole and renamed into place. Changes
 * are gathered for 250 ms; `close` writes what is left.
 */
export class StateFile {
  readonly #path: string;
  readonly #backend: BotBackend;
  readonly #closing = new AbortController();
  #dirty = false;
  #loop: Promise<void> = Promise.resolve();
  #running = false;

  constructor(path: string, backend: BotBackend) {
    this.#path = path;
    this.#backend = backend;
  }

  /**
   * Reads the file if it exists and starts watching for changes. Throws AppError `bad-state-file`
   * that names the remedy.
   */
  async open(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    const text = await readFile(this.#path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    if (text !== null) this.#restore(text);
    this.#backend.hub.listen(() => this.#changed());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
    await this.#write();
  }

  #restore(text: string): void {
    try {
      const { botId, bot } = envelope.parse(JSON.parse(text));
      if (botId === this.#backend.bot.id) this.#backend.restore(bot);
      else
        this.#backend.log(`The state file ${this.#path} is of another bot and will be replaced.`);
    } catch (error) {
      throw new AppError(
        "bad-state-file",
        `The state file ${this.#path} cannot be read. Delete it to start afresh.`,
        {
          cause: toError(error),
        },
      );
    }
  }

  #changed(): void {
    this.#dirty = true;
    if (this.#running || this.#closing.signal.aborted) return;
    this.#running = true;
    this.#loop = this.#saveSoon();
  }

  async #saveSoon(): Promise<void> {
    try {
      while (this.#dirty) {
        await sleep(SAVE_PAUSE_MS, this.#closing.signal);
        await this.#write();
      }
    } catch (error) {
      if (!this.#closing.signal.aborted)
        this.#backend.log(`The sandbox could not save its state: ${toError(error).message}`);
    } finally {
      this.#running = false;
    }
  }

  async #write(): Promise<void> {
    this.#dirty = false;
    const { bot } = this.#backend;
    const text = JSON.stringify({ v: VERSION, botId: bot.id, bot: this.#backend.save() });
    await writeFile(`${this.#path}.new`, text, { mode: 0o600 });
    await rename(`${this.#path}.new`, this.#path);
  }
}
