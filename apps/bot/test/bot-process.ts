import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type SpawnedProcess, sharedRedis, spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { AdminStore } from "../src/admins/admin-store.ts";
import { openControlDb } from "../src/kit/control-db.ts";
import { WorkerStore } from "../src/workers/worker-store.ts";
import { type Chat, type Shown, startChat, TOKEN } from "./chat.ts";
import { ANN, HOST, WORKER } from "./support.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** FLEET_KEY of {@link botPlace}. */
export const FLEET_KEY = Buffer.alloc(32, 7);

/** A data folder for real bot processes, and the chat that they serve. */
export interface BotPlace {
  readonly chat: Chat;
  readonly dataDir: string;
  readonly redisUrl: string;
  /** Starts the bot as the launcher does. */
  start(more?: Record<string, string>): Promise<SpawnedProcess>;
  /** The present message of the bot to a person that matches. */
  says(text: RegExp, user?: number): Promise<Shown>;
  press(label: string, user?: number): Promise<unknown>;
}

/** A data folder without a supervisor, with one worker, and a chat that Ann has opened. */
export async function botPlace(): Promise<BotPlace> {
  const chat = await startChat();
  await chat.post("/chat/start", { user: 777, firstName: "Ann" });
  // Her /start is answered: a bot that answered it, too, would show its card once more at any time.
  const [started] = await chat.bot.api.getUpdates();
  await chat.bot.api.getUpdates({ offset: (started?.update_id ?? 0) + 1, timeout: 0 });
  const dataDir = await testDir("bot-");
  const db = openControlDb(join(dataDir, "control.db"));
  new WorkerStore(db).add(WORKER, HOST, ANN, 1);
  new AdminStore(db).saw(ANN, "Ann", "en");
  db.close();
  const { url: redisUrl } = await sharedRedis();
  const env = {
    BOT_TOKEN: TOKEN,
    API_ID: "1",
    API_HASH: "a".repeat(32),
    ADMIN_IDS: "777",
    REDIS_URL: redisUrl,
    FLEET_KEY: FLEET_KEY.toString("hex"),
    HOST_ID: HOST,
    DATA_DIR: dataDir,
    BOT_API_ROOT: chat.sandbox.botApiRoot,
    ALERT_HOLD_S: "0",
    HTTP_PORT: "0",
  };
  const shown = async (text: RegExp, user: number): Promise<Shown | undefined> =>
    (await chat.shown(user)).findLast((each) => each.from === "bot" && text.test(each.text));
  return {
    chat,
    dataDir,
    redisUrl,
    start: async (more = {}) => {
      const child = spawnNode(MAIN, [], { env: { ...env, ...more } });
      return child;
    },
    says: (text, user = 777) =>
      waitFor(() => shown(text, user), { what: `a message like ${text}`, timeoutMs: 40_000 }),
    // The card with the button may be on its way.
    press: (labelContains, user = 777) =>
      waitFor(() => chat.post("/chat/press", { user, labelContains, waitMs: 20_000 }), {
        what: `a button ${labelContains}`,
        timeoutMs: 40_000,
      }),
  };
}
