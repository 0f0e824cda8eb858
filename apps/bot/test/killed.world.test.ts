import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseWorkerId } from "@flotilla/kernel";
import { claimFleet, consumeHostCommands, fleetPlace, writeBotNote } from "@flotilla/queue";
import { sharedRedis, spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { AdminStore } from "../src/admins/admin-store.ts";
import { AlertStore } from "../src/alerts/alert-store.ts";
import { REGISTRY } from "../src/app/features.ts";
import { PanelStore } from "../src/kit/chat/panel-store.ts";
import { SureSender } from "../src/kit/chat/sure-sender.ts";
import { openControlDb } from "../src/kit/control-db.ts";
import { WorkerStore } from "../src/workers/worker-store.ts";
import { type Chat, startChat, TOKEN } from "./chat.ts";
import { ANN, crashBody, HOST } from "./support.ts";

const FLEET_KEY = "07".repeat(32);
const BOT = fileURLToPath(new URL("./fixtures/dying-bot.ts", import.meta.url));

interface Place {
  readonly chat: Chat;
  readonly env: Record<string, string>;
}

/**
 * A data folder in which a crash is to be told, and a chat in which a button was pressed while no
 * bot polled.
 */
async function prepare(chat: Chat, redisUrl: string, worker: string): Promise<Place> {
  await chat.post("/reset", {});
  await chat.post("/chat/start", { user: 777, firstName: "Ann" });
  const inline_keyboard = [[{ text: "Restart it", callback_data: `v1:restart:${worker}:` }]];
  const card = await chat.bot.api.sendMessage(777, "a card", { reply_markup: { inline_keyboard } });
  await chat.post("/chat/press", { label: "Restart it", waitMs: 1 });
  const dataDir = await testDir();
  const db = openControlDb(join(dataDir, "control.db"));
  const id = parseWorkerId(worker);
  new WorkerStore(db).add(id, HOST, ANN, 1);
  new AdminStore(db).saw(ANN, "Ann", "en");
  new AlertStore(db, 0).raise(`exit:${worker}`, crashBody({ worker: id }), Date.now());
  new PanelStore(db, (kept) => REGISTRY.screenFrom(kept)).set({
    chat: ANN,
    message: card.message_id,
    screen: { kind: "menu" },
    shown: "",
  });
  new SureSender(chat.bot.api, db).saw(ANN, card.message_id);
  db.close();
  // Each place is another fleet's to be, with the same key.
  writeBotNote(dataDir, { fence: null, seen: 0 });
  const env = {
    BOT_TOKEN: TOKEN,
    API_ID: "1",
    API_HASH: "a".repeat(32),
    ADMIN_IDS: "777",
    REDIS_URL: redisUrl,
    FLEET_KEY,
    HOST_ID: HOST,
    DATA_DIR: dataDir,
    BOT_API_ROOT: chat.sandbox.botApiRoot,
    ALERT_HOLD_S: "0",
    HTTP_PORT: "0",
  };
  return { chat, env };
}

test("killed at any step of a press and of an alert, the bot loses neither, tells the alert " +
  "once and gives the command once", {
  timeout: 600_000,
}, async () => {
  const { url } = await sharedRedis();
  const fleetKey = Buffer.from(FLEET_KEY, "hex");
  const fleet = await claimFleet({
    redis: url,
    fleetKey,
    known: null,
    from01: false,
    rekeyedFrom: [],
  });
  const chat = await startChat();
  const commands: { id: string; worker: string }[] = [];
  const handle = async (command: object): Promise<void> =>
    void commands.push(command as (typeof commands)[number]);
  const consumer = await consumeHostCommands(HOST, {
    place: fleetPlace({ redis: url, fleet, fleetKey }),
    handle,
    onError: () => {},
  });
  onTestFinished(() => consumer.close());
  for (let n = 1; n <= 14; n++) {
    const worker = `news_${n}`;
    const place = await prepare(chat, url, worker);
    const visible = async (): Promise<string[]> =>
      (await chat.shown(777))
        .filter((message) => message.from === "bot")
        .map((message) => message.text);
    const allIsDone = async (): Promise<boolean> => {
      const texts = await visible();
      const told = texts.some((text) => text.includes(`${worker} crashed`));
      // /start and the press are taken in either order after a kill: one of their screens is the
      // last.
      const shown = texts.some((text) => text.includes("updated"));
      const taken =
        (await chat.bot.api.getWebhookInfo()).pending_update_count === 0 &&
        !texts.includes("a card");
      return taken && told && shown && commands.some((command) => command.worker === worker);
    };
    const first = spawnNode(BOT, [String(n)], { env: place.env });
    const done = waitFor(allIsDone, { what: `a bot that dies at step ${n}, or is done` });
    await Promise.race([first.exited, done]);
    done.catch(() => {});
    first.kill("SIGKILL");
    await first.exited;
    const second = spawnNode(BOT, ["0"], { env: place.env });
    await second.waitForOutput("ready");
    const oneCard = async (): Promise<boolean> =>
      (await chat.shown(777)).filter(
        ({ keyboard, text }) => keyboard.length > 0 && !text.includes("crashed"),
      ).length === 1;
    await waitFor(async () => (await allIsDone()) && (await oneCard()), {
      what: `alert, one card and command after a kill at step ${n}`,
      timeoutMs: 45_000,
    });
    second.kill("SIGTERM");
    await second.exited;
    const texts = await visible();
    expect(
      texts.filter((text) => text.includes("crashed")),
      `alerts after a kill at step ${n}`,
    ).toHaveLength(1);
    expect(
      new Set(commands.filter((command) => command.worker === worker).map((command) => command.id))
        .size,
    ).toBe(1);
  }
});
