import { join } from "node:path";
import { Copies, restoreOne, setAside } from "@flotilla/archive";
import { type Config, type EnvValues, loadFleetKey } from "@flotilla/config";
import { type RedisAddress, systemClock } from "@flotilla/kernel";
import { createRegistry, type Logger, startHealth } from "@flotilla/observability";
import { findFleet, fleetPlace, type QueuePlace, StatusReader } from "@flotilla/queue";
import type { Database } from "@flotilla/sqlite";
import type { Bot } from "grammy";
import { firstIntroduction, introduce } from "./app/introduction.ts";
import { type Poller, type PollerDeps, startPolling } from "./app/poller.ts";
import type { BotWay } from "./app/way.ts";
import type { RunningBot } from "./compose.ts";
import type { Duty } from "./duty/duty.ts";
import { openControlDb } from "./kit/control-db.ts";
import { loadLanguages } from "./kit/words/words.ts";
import { Lives } from "./lives.ts";
import { factsOf, type GoodCopy } from "./rescue/copies.ts";
import { archiveFolder, type Loss } from "./rescue/loss.ts";
import { Rescue } from "./rescue/rescue.ts";

/** What the bot and its rescue are started with. */
export interface RescueBase {
  readonly config: Config;
  readonly env: EnvValues;
  readonly log: Logger;
  readonly way: BotWay;
  /** A client without handlers, whose calls wait while this bot is not the active one. */
  readonly newBot: () => Bot;
  /** As `newBot`, but its calls never wait: for the last words of a bot that stops. */
  readonly ungated: () => Bot;
  /** The right to be the bot of the fleet. */
  readonly duty: Duty;
  /** See `botPlace`. */
  readonly botPlace: QueuePlace;
  readonly fleetKey: Buffer;
}

/** Texts may be secrets, and there is no database: nothing is written down. */
const NO_INBOX: PollerDeps["inbox"] = { keep: () => "handle", done: () => {}, left: () => [] };

/**
 * Starts the bot without its `control.db`: owners decide in the chat, then `start` makes the bot of
 * it in this process, with the same health page.
 */
export async function startRescue(
  base: RescueBase,
  loss: Loss,
  start: (base: RescueBase, db: Database) => Promise<RunningBot>,
): Promise<RunningBot> {
  const { config, log, way } = base;
  await using stack = new AsyncDisposableStack();
  log.error(
    { path: loss.path, code: loss.code },
    `control.db is ${loss.kind}: owners are asked in the chat`,
  );
  const bot = base.newBot();
  const languages = loadLanguages();
  const rescue = rescueOf(base, bot, loss);
  const health = await startHealth({
    port: config.httpPort,
    registry: createRegistry(),
    problems: () => [`control.db is ${loss.kind}: an owner decides in the chat`],
  });
  stack.adopt(health, (it) => it.close());
  const known = await firstIntroduction({ bot, languages, log }, way.shown);
  rescue.register();
  const introduced = Promise.withResolvers<string>();
  const poller = startPolling({
    bot,
    inbox: NO_INBOX,
    log,
    now: () => systemClock.now(),
    ...(known ? {} : { introduce: () => introduce({ bot, languages, log }) }),
    onIntroduced: () => {
      introduced.resolve(bot.botInfo.username);
      void rescue.tell();
    },
  });
  stack.adopt(poller, (it) => stopAndConfirm(it, bot, rescue));
  const owned = stack.move();
  const life = new Lives(owned);
  const ended = rescue.decided.then(() =>
    life.follow(async () => {
      const db = openControlDb(loss.path);
      return await start({ ...base, config: { ...config, httpPort: health.port } }, db);
    }),
  );
  return {
    healthPort: health.port,
    standby: null,
    username: known ? bot.botInfo.username : null,
    introduced: introduced.promise,
    way: way.shown,
    ended,
    hear: (message) => life.hear(message),
    close: () => life.close(),
  };
}

/** The press that decided must not come once more to the bot that follows. */
async function stopAndConfirm(poller: Poller, bot: Bot, rescue: Rescue): Promise<void> {
  await poller.stop();
  if (rescue.lastUpdate === null) return;
  const seen = { offset: rescue.lastUpdate + 1, limit: 1, timeout: 0 };
  await bot.api.getUpdates(seen).catch(() => {});
}

function rescueOf({ config, log }: RescueBase, bot: Bot, loss: Loss): Rescue {
  const { dataDir, hostId } = config;
  const folder = archiveFolder(config);
  const fleetKey = (): Buffer => loadFleetKey(config.fleetKey, dataDir, { make: false });
  const place = { dataDir, name: "control.db" } as const;
  const copies = new Copies({
    folder,
    host: hostId,
    fleetKey,
    name: "control.db",
    scratch: join(dataDir, "looking-into"),
    read: factsOf,
  });
  const carryOut = async (copy: GoodCopy | null): Promise<void> => {
    if (copy === null) await setAside(place, systemClock.now());
    else {
      const more = { fleetKey: fleetKey(), clock: systemClock, isRunning: true };
      await restoreOne({ ...place, path: copy.path, ...more });
    }
  };
  return new Rescue({
    bot,
    loss,
    copies,
    dataDir,
    folder,
    host: hostId,
    owners: config.adminIds,
    languages: loadLanguages(),
    clock: systemClock,
    log,
    workers: () => workersInRedis(config.redis?.reveal() ?? "", fleetKey),
    carryOut,
  });
}

/** Workers that hosts of this fleet tell of; null = Redis, or the fleet in it, is not there. */
async function workersInRedis(
  redis: RedisAddress,
  fleetKey: () => Buffer,
): Promise<string[] | null> {
  try {
    const key = fleetKey();
    const fleet = await findFleet({ redis, fleetKey: key, known: null, waitMs: 0 });
    const statuses = new StatusReader(fleetPlace({ redis, fleet, fleetKey: key }), () => {});
    try {
      await statuses.ready();
      return [...(await statuses.all()).keys()].toSorted();
    } finally {
      statuses.close();
    }
  } catch {
    return null;
  }
}
