import { once } from "node:events";
import { type Agent, get as httpGet, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";
import { AppError, withTimeout } from "@flotilla/kernel";
import type { Bot } from "grammy";
import { isGroup } from "../kit/chat/target.ts";
import { reaches } from "../kit/roles.ts";
import type { CommandContext } from "../kit/text-context.ts";
import { say } from "../kit/words/said.ts";
import { type LoginDeps, loginButton } from "./login-buttons.ts";
import { MAX_SESSION_BYTES } from "./session-steps.ts";

/** A file that an admin sent. */
export interface SentFile {
  readonly id: string;
  readonly name: string;
  /** Null: Telegram did not say. */
  readonly bytes: number | null;
}

/** Files at the Bot API. */
export interface FileSource {
  /** Path of a file at the Bot API, valid for an hour at least. Throws what the Bot API says. */
  locate(id: string): Promise<string>;
  /**
   * Throws AppError `file-too-large`, `file-away`; no address, which has the bot's token in it, is
   * part of an error.
   */
  download(path: string): Promise<Buffer>;
}

/** Parts of {@link handleFile}. */
export interface FileDeps extends Pick<LoginDeps, "wizard" | "panels"> {
  readonly files: FileSource;
}

/**
 * A file in the private chat. In the middle of a login it may be a session, which is the account
 * itself: its message goes at once, whatever becomes of it. Other files are ignored.
 */
export async function handleFile(
  deps: FileDeps,
  context: CommandContext,
  file: SentFile,
): Promise<void> {
  if (isGroup(context.chat)) return;
  const row = deps.wizard.of(context.admin);
  if (!row || row.step.kind === "ended" || !reaches(context.role, loginButton.role)) {
    if (!/\.session$/i.test(file.name)) return;
    if (await context.erase()) return await context.reply(say("session-unasked"));
    return await context.reply(say("session-not-deleted"));
  }
  const { session } = deps.wizard;
  const wanted = session.wants(row);
  const tooLarge = (file.bytes ?? 0) > MAX_SESSION_BYTES;
  const path = wanted && !tooLarge ? await deps.files.locate(file.id).catch(() => null) : null;
  const erased = await context.erase();
  if (!erased) await context.reply(say("session-not-deleted"));
  if (wanted) {
    const bytes = path === null ? null : await deps.files.download(path).catch(() => null);
    if (bytes) await session.take(row, bytes, context.asker);
    else session.refuse(row, tooLarge ? "too-large" : "not-fetched");
  }
  await deps.panels.replace(context.chat, { kind: "login", worker: row.worker });
}

const DOWNLOAD_MS = 60_000;

/** Downloads from the Bot API at `root`. */
export function fileSource(
  { api, token }: Bot,
  { root, agent }: { readonly root: string; readonly agent: Agent },
): FileSource {
  return {
    locate: async (id) => {
      const { file_path: path } = await api.getFile(id);
      if (path === undefined)
        throw new AppError("file-away", "The Bot API does not give this file out.");
      return path;
    },
    download: async (path) => {
      const gone = new AbortController();
      const late = (): Error => new AppError("file-away", "The file did not come in time.");
      try {
        return await withTimeout(
          read(`${root}/file/bot${token}/${path}`, agent, gone.signal),
          DOWNLOAD_MS,
          late,
        );
      } catch (error) {
        if (error instanceof AppError) throw error;
        throw new AppError("file-away", "The file could not be downloaded from the Bot API.");
      } finally {
        gone.abort();
      }
    },
  };
}

/** By the same way as every other call of the Bot API, which `fetch` could not take. */
async function read(url: string, agent: Agent, signal: AbortSignal): Promise<Buffer> {
  const get = url.startsWith("https:") ? httpsGet : httpGet;
  const asked = get(url, { agent, signal });
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  if (response.statusCode !== 200)
    throw new AppError("file-away", `The Bot API answered ${response.statusCode}.`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_SESSION_BYTES)
      throw new AppError("file-too-large", "The file is larger than it said.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
