import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Config } from "@flotilla/config";
import { type Asker, DEFAULT_PREFIX } from "@flotilla/contracts";
import { AppError, sleep, systemClock } from "@flotilla/kernel";
import { createRegistry, type Logger, startHealth } from "@flotilla/observability";
import { CommandSender, consumeEvents, StatusReader } from "@flotilla/queue";
import { type Bot, GrammyError } from "grammy";
import { AlertActions } from "./alerts/alert-actions.ts";
import { AlertOutbox } from "./alerts/alert-outbox.ts";
import { AlertStore } from "./alerts/alert-store.ts";
import { createBot, MENU_COMMANDS, registerRoutes } from "./bot.ts";
import { Panels } from "./chat/panels.ts";
import { Commands, DEADLINE_MS } from "./commands.ts";
import { handleEvent } from "./events.ts";
import { Screens } from "./fleet-view.ts";
import { startPolling } from "./poller.ts";
import { AdminStore } from "./store/admins.ts";
import { CommandStore } from "./store/commands.ts";
import { openControlDb } from "./store/control-db.ts";
import { PanelStore } from "./store/panels.ts";
import { WorkerStore } from "./store/workers.ts";
import { Wizard } from "./wizard/wizard.ts";
import { WizardStore } from "./wizard/wizard-store.ts";

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
  const clock = systemClock;
  const db = stack.adopt(openControlDb(join(config.dataDir, "control.db")), (it) => it.close());
  const sender = stack.adopt(new CommandSender(place, onRedisError), (it) => it.close());
  const statuses = stack.adopt(new StatusReader(place, onRedisError), (it) => it.close());
  await Promise.all([sender.ready(), statuses.ready()]);
  const bot = createBot(config.botToken.reveal(), config.botApiRoot);
  await greet(bot);

  const workers = new WorkerStore(db);
  const commandStore = new CommandStore(db);
  const alerts = new AlertStore(db);
  const admins = new AdminStore(db);
  const panelStore = new PanelStore(db);
  const commands = new Commands({ sender, store: commandStore, workers, clock, newId: randomUUID });
  const wizard = new Wizard({ store: new WizardStore(db), commands, clock, newId: randomUUID });
  const screens = new Screens({ statuses, workers, commands: commandStore, alerts, wizard, clock });
  const panels = new Panels({
    api: bot.api,
    store: panelStore,
    clock,
    log,
    render: (chat, screen) => screens.render(chat, screen),
  });
  const outbox = new AlertOutbox({ api: bot.api, alerts, admins, log });
  const addWorker = (id: Parameters<WorkerStore["add"]>[0], by: Asker): boolean =>
    workers.add(id, config.hostId, by.id, clock.now());
  registerRoutes(bot, {
    log,
    adminIds: new Set(config.adminIds),
    panels,
    commands,
    wizard,
    workers,
    admins,
    alerts: new AlertActions(alerts, outbox, () => clock.now()),
    addWorker,
  });
  const poller = stack.adopt(startPolling(bot, log), (it) => it.stop());
  const problems = (): string[] => [poller.problem() ?? "", sender.connected ? "" : "Redis is away"].filter(Boolean);
  const health = stack.adopt(await startHealth({ port: config.httpPort, registry: createRegistry(), problems }), (it) =>
    it.close(),
  );
  const eventDeps = { db, clock, alerts, outbox, commands: commandStore, wizard, screens, panels };
  stack.adopt(
    await consumeEvents({
      place,
      handle: (event) => handleEvent(eventDeps, event),
      onError: (error) => log.warn({ err: error }, "event"),
    }),
    (it) => it.close(),
  );
  const ticking = new AbortController();
  const ticks = tickLoop(ticking.signal, log, async () => {
    commandStore.giveUp(clock.now() - DEADLINE_MS, clock.now());
    await wizard.expire(SYSTEM);
    await Promise.all([outbox.flush(), panels.refreshAll()]);
  });
  stack.defer(async () => {
    ticking.abort();
    await ticks;
  });
  const owned = stack.move();
  return { healthPort: health.port, username: bot.botInfo.username, close: () => owned.disposeAsync() };
}

async function greet(bot: Bot): Promise<void> {
  try {
    await bot.init();
    await bot.api.deleteWebhook();
    await bot.api.setMyCommands(MENU_COMMANDS);
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

async function tickLoop(signal: AbortSignal, log: Logger, tick: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await tick().catch((error: unknown) => log.warn({ err: error }, "tick failed"));
    await sleep(TICK_MS, signal).catch(() => {});
  }
}
