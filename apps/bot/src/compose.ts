import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Config } from "@flotilla/config";
import { type Asker, DEFAULT_PREFIX } from "@flotilla/contracts";
import { AppError, sleep, systemClock, type WorkerId } from "@flotilla/kernel";
import { createRegistry, type Logger, startHealth } from "@flotilla/observability";
import { CommandSender, consumeEvents, StatusReader } from "@flotilla/queue";
import { type Bot, GrammyError } from "grammy";
import { AlertActions } from "./alerts/alert-actions.ts";
import { AlertOutbox } from "./alerts/alert-outbox.ts";
import { AlertStore } from "./alerts/alert-store.ts";
import { createBot, registerRoutes, setMenu } from "./bot.ts";
import { Panels } from "./chat/panels.ts";
import { Commands, DEADLINE_MS } from "./commands.ts";
import { handleEvent } from "./events.ts";
import { Screens } from "./fleet-view.ts";
import { startPolling } from "./poller.ts";
import { startBotRelay } from "./relay/start.ts";
import type { Card, Screen } from "./screens/screen.ts";
import { AdminStore } from "./store/admins.ts";
import { CommandStore } from "./store/commands.ts";
import { openControlDb } from "./store/control-db.ts";
import { PanelStore } from "./store/panels.ts";
import { WorkerStore } from "./store/workers.ts";
import { Wizard } from "./wizard/wizard.ts";
import { WizardStore } from "./wizard/wizard-store.ts";
import { type Languages, loadLanguages, type Words } from "./words/words.ts";

/** A running bot. */
export interface RunningBot {
  readonly healthPort: number;
  readonly username: string;
  close(): Promise<void>;
}

/** Live cards look at the fleet this often; presses and events refresh them at once. */
const TICK_MS = 2000;
const SYSTEM: Asker = { id: "0", name: "Flotilla" };

/** Builds the bot in start order: database, Redis, Telegram, health, events, polling. Released in reverse. */
export async function startBot(config: Config, log: Logger): Promise<RunningBot> {
  await using stack = new AsyncDisposableStack();
  const place = { url: config.redisUrl?.reveal() ?? "", prefix: DEFAULT_PREFIX };
  const onRedisError = (error: unknown): void => log.debug({ err: error }, "redis");
  const db = stack.adopt(openControlDb(join(config.dataDir, "control.db")), (it) => it.close());
  const sender = stack.adopt(new CommandSender(place, onRedisError), (it) => it.close());
  const statuses = stack.adopt(new StatusReader(place, onRedisError), (it) => it.close());
  await Promise.all([sender.ready(), statuses.ready()]);
  const bot = createBot(config.botToken.reveal(), config.botApiRoot);
  const parts = assemble({ db, bot, sender, statuses, config, log });
  await greet(bot, parts.languages);
  parts.admins.keepOnly(config.adminIds);
  stack.defer(() => parts.panels.close());
  registerRoutes(bot, { ...parts, log, adminIds: new Set(config.adminIds) });
  const poller = stack.adopt(startPolling(bot, log), (it) => it.stop());
  const problems = (): string[] => [poller.problem() ?? "", sender.connected ? "" : "Redis is away"].filter(Boolean);
  const health = stack.adopt(await startHealth({ port: config.httpPort, registry: createRegistry(), problems }), (it) =>
    it.close(),
  );
  stack.adopt(startBotRelay({ ...parts, place, api: bot.api, log }), (it) => it.close());
  const onEventError = (error: unknown): void => log.warn({ err: error }, "event");
  const events = await consumeEvents({ place, handle: (event) => handleEvent(parts, event), onError: onEventError });
  stack.adopt(events, (it) => it.close());
  stack.adopt(
    startTicks(log, () => tick(parts)),
    (it) => it.stop(),
  );
  const owned = stack.move();
  return { healthPort: health.port, username: bot.botInfo.username, close: () => owned.disposeAsync() };
}

interface Outside {
  readonly db: ReturnType<typeof openControlDb>;
  readonly bot: Bot;
  readonly sender: CommandSender;
  readonly statuses: StatusReader;
  readonly config: Config;
  readonly log: Logger;
}

/** The bot's own parts, put together. Opens nothing. */
export function assemble({ db, bot, sender, statuses, config, log }: Outside) {
  const clock = systemClock;
  const workers = new WorkerStore(db);
  const commandLog = new CommandStore(db);
  const alerts = new AlertStore(db);
  const admins = new AdminStore(db);
  const languages = loadLanguages();
  const wordsOf = (chat: string): Words => languages[admins.language(chat)];
  const commands = new Commands({ sender, store: commandLog, workers, clock, newId: randomUUID });
  const wizard = new Wizard({ store: new WizardStore(db), commands, clock, newId: randomUUID });
  const screens = new Screens({ statuses, workers, commands: commandLog, alerts, wizard, clock, wordsOf });
  const render = (chat: string, screen: Screen): Promise<Card> => screens.render(chat, screen);
  const panels = new Panels({ api: bot.api, store: new PanelStore(db), clock, log, render, wordsOf });
  const outbox = new AlertOutbox({ api: bot.api, alerts, admins, clock, log, wordsOf });
  const alertActions = new AlertActions(alerts, outbox, () => clock.now());
  const addWorker = (id: WorkerId, by: Asker): boolean => workers.add(id, config.hostId, by.id, clock.now());
  const onChatError = (error: unknown): void => log.warn({ err: error }, "card not shown");
  return {
    onChatError,
    languages,
    wordsOf,
    db,
    clock,
    workers,
    commandLog,
    alerts,
    admins,
    commands,
    wizard,
    screens,
    panels,
    outbox,
    alertActions,
    addWorker,
  };
}

/** What time alone brings about: commands without an answer, logins that took too long, alerts and cards that are due. */
async function tick(parts: ReturnType<typeof assemble>): Promise<void> {
  const { commandLog, wizard, outbox, panels, clock } = parts;
  commandLog.giveUp(clock.now() - DEADLINE_MS, clock.now());
  await wizard.expire(SYSTEM);
  await Promise.all([outbox.flush(), panels.refreshAll()]);
}

async function greet(bot: Bot, languages: Languages): Promise<void> {
  try {
    await bot.init();
    await bot.api.deleteWebhook();
    await setMenu(bot, languages);
  } catch (error) {
    if (error instanceof GrammyError && error.error_code === 401) {
      throw new AppError("bad-token", "Telegram does not know this BOT_TOKEN. Copy it again from @BotFather into .env.");
    }
    throw new AppError(
      "bot-api-away",
      "The Bot API cannot be reached. Check the network of this machine, or BOT_API_ROOT in .env.",
      { cause: error },
    );
  }
}

function startTicks(log: Logger, work: () => Promise<void>): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await work().catch((error: unknown) => log.warn({ err: error }, "tick failed"));
      await sleep(TICK_MS, stopping.signal).catch(() => {});
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await loop;
    },
  };
}
