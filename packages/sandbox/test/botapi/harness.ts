import { sleep } from "@flotilla/kernel";
import { Bot } from "grammy";
import { BotBackend, type BotWorld } from "../../src/botapi/backend.ts";
import { ChatUserActions } from "../../src/botapi/user.ts";
import { BotChats } from "../../src/mtproto/bot-chats.ts";
import type { WorldApi } from "../../src/mtproto/world-api.ts";
import { startHttp } from "../../src/server.ts";
import { MovableClock } from "../../src/world/clock.ts";
import { emptyState } from "../../src/world/model.ts";
import { World } from "../../src/world/world.ts";

/** The token of every bot in these tests. */
export const TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
/** The admin of every chat in these tests. */
export const ADMIN = { id: 777, firstName: "Ann", lastName: "", username: "ann" };

/** The Bot API half alone on a free port, with grammY talking to it. */
export interface BotApiHarness extends AsyncDisposable {
  backend: BotBackend;
  clock: MovableClock;
  url: string;
  admin: ChatUserActions;
  /** Texts the world was shown. */
  noticed: string[];
  bot(): Bot;
  /** A plain HTTP call; the parsed JSON answer. */
  call(
    method: string,
    body?: object,
    token?: string,
  ): Promise<{ ok: boolean; result?: unknown; error_code?: number; description?: string }>;
}

/** Starts the HTTP side with a world that only listens; nothing of MTProto is asked here. */
export async function startBotApi(): Promise<BotApiHarness> {
  const clock = new MovableClock();
  const noticed: string[] = [];
  const heard: BotWorld = {
    bot: new BotChats(new World(emptyState(), clock)),
    noticeText(text) {
      noticed.push(text);
      return [];
    },
  };
  const backend = new BotBackend({ botToken: TOKEN, clock, world: heard, log: () => {} });
  const world = heard as WorldApi;
  const http = await startHttp({ host: "127.0.0.1", port: 0, backend, world, clock, admin: ADMIN });
  const admin = new ChatUserActions(backend, ADMIN);
  return {
    backend,
    clock,
    url: http.url,
    admin,
    noticed,
    bot: () => new Bot(TOKEN, { client: { apiRoot: http.url } }),
    async call(method, body = {}, token = TOKEN) {
      const response = await fetch(`${http.url}/bot${token}/${method}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return (await response.json()) as Awaited<ReturnType<BotApiHarness["call"]>>;
    },
    [Symbol.asyncDispose]: () => http.close(),
  };
}

/** Polls `look` until it gives something; for what the other side does in its own time. */
export async function until<T>(
  look: () => T | null | undefined | false,
  timeoutMs = 5000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const seen = look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline)
      throw new Error(`nothing seen within ${timeoutMs} ms: ${String(look)}`);
    await sleep(5);
  }
}

/** A real 2×1 PNG. */
export const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAEElEQVR4nGP4z8Dwn4GB4T8ACfoD/Vp9O4sAAAAASUVORK5CYII=",
  "base64",
);
