import { createHash } from "node:crypto";
import {
  botAwayKey,
  botBeatKey,
  botLastKey,
  botPrefix,
  botStandbysKey,
  leaseKey,
} from "@flotilla/contracts";
import { fleetKeyId, type RedisAddress } from "@flotilla/kernel";
import { z } from "zod";
import type { LeaseTimings } from "./lease.ts";
import { LeaseRecord } from "./lease-script.ts";
import type { QueuePlace } from "./place.ts";
import { PromptRedis } from "./prompt-redis.ts";
import { Wire } from "./wire.ts";

/**
 * TTL 10 s, renewed every 2 s, the bot stops after 6 s without an answer. Shorter than that of
 * workers: no connection outlives the bot at Telegram.
 */
export const BOT_LEASE_TIMINGS: LeaseTimings = {
  ttlMs: 10_000,
  actMs: 6000,
  renewEveryMs: 2000,
  firstAnswerMs: 1000,
};

/** The bot that was granted its lease last. */
export const LastBot = z.object({
  /** Fencing token of its lease. */
  fence: z.number(),
  host: z.string(),
  /** Start, in milliseconds since the epoch. */
  since: z.number(),
});
export type LastBot = z.infer<typeof LastBot>;

/** A bot that waits for its turn. */
export const StandbyBot = z.object({
  /** Unique per run of a process. */
  id: z.string().max(100),
  host: z.string().max(100),
  /** Start, in milliseconds since the epoch. */
  since: z.number(),
  /** True = it has the `control.db` of the fleet, and takes over by itself. */
  takesOver: z.boolean(),
});
export type StandbyBot = z.infer<typeof StandbyBot>;

/** Redis and key of the fleet whose bot is meant. */
export interface BotPlaceOptions {
  readonly redis: RedisAddress;
  readonly fleetKey: Buffer;
}

/**
 * The place of the bot's lease. By the id of the FLEET_KEY, because a bot needs its lease before it
 * may open the `control.db` that knows the fleet.
 */
export function botPlace({ redis, fleetKey }: BotPlaceOptions): QueuePlace {
  const prefix = botPrefix(fleetKeyId(fleetKey));
  return { redis, prefix, wire: new Wire(fleetKey, prefix) };
}

/** The resource of the lease of the bot with this token. The token cannot be read from it. */
export function botResource(token: string): string {
  const digest = createHash("sha256").update(`flotilla bot\n${token}`).digest("hex");
  return `bot.${digest.slice(0, 32)}`;
}

/** Keeps the record with the higher fencing token. */
const KEEP_LAST = `
local there = tonumber(string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) ') or '0')
if there > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2])
return 1
`;

/** The clock of Redis decides how old a row is: those of hosts may be apart. */
const ANNOUNCE = `
if redis.replicate_commands then redis.replicate_commands() end
local now = redis.call('TIME')
redis.call('ZADD', KEYS[1], string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000)), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`;

const STANDBYS = `
if redis.replicate_commands then redis.replicate_commands() end
local now = redis.call('TIME')
local since = now[1] * 1000 + math.floor(now[2] / 1000) - tonumber(ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', since))
return redis.call('ZRANGE', KEYS[1], 0, 99)
`;

/** Milliseconds after which a standby that says nothing counts as gone. */
const STANDBY_MS = 15_000;
/** Milliseconds after which a bot that says nothing counts as not heard. */
const BEAT_MS = 30_000;
/** Milliseconds for which an outage that was told counts as told, if no bot comes back. */
const AWAY_MS = 7 * 24 * 3600 * 1000;
const [LAST, STANDBY, BEAT] = ["bot-last", "bot-standby", "bot-beat"];

/**
 * Who the bot of the fleet is, who was it last, and who waits. Every method rejects within a second,
 * with AppError `redis-away`, when Redis does not answer. Rows that this fleet has not signed are
 * ignored.
 */
export class BotBoard {
  readonly #place: QueuePlace;
  readonly #redis: PromptRedis;
  readonly #resource: string | null;
  #announced: { readonly key: string; readonly row: string } | null = null;

  /** `token` null: of a host, which has none; it cannot ask for the holder of the lease. */
  constructor(place: QueuePlace, token: string | null, onError: (error: unknown) => void) {
    this.#place = place;
    this.#resource = token === null ? null : botResource(token);
    this.#redis = new PromptRedis(place.redis, onError);
  }

  /** The holder of the lease; null = it is free. */
  async active(): Promise<LeaseRecord | null> {
    const resource = this.#resource;
    if (resource === null) return null;
    const text = await this.#redis.ask((redis) =>
      redis.get(leaseKey(this.#place.prefix, resource)),
    );
    return text === null ? null : LeaseRecord.parse(JSON.parse(text));
  }

  /** The bot that was granted the lease last; null = none is known. */
  async last(): Promise<LastBot | null> {
    const text = await this.#redis.ask((redis) => redis.get(botLastKey(this.#place.prefix)));
    if (text === null) return null;
    const row = text.slice(text.indexOf(" ") + 1);
    return LastBot.safeParse(this.#place.wire.openRow(LAST, LAST, row)).data ?? null;
  }

  /** Writes down the bot with this lease. False = one with a higher fencing token is there. */
  async keepLast(last: LastBot): Promise<boolean> {
    const row = this.#place.wire.signRow(LAST, LAST, last);
    const key = botLastKey(this.#place.prefix);
    return (await this.#redis.ask((redis) => redis.eval(KEEP_LAST, 1, key, last.fence, row))) === 1;
  }

  /** Says that this bot waits; to be repeated every few seconds. */
  async announce(me: StandbyBot): Promise<void> {
    const key = JSON.stringify(me);
    if (this.#announced?.key !== key) {
      await this.leave();
      this.#announced = { key, row: this.#place.wire.signRow(STANDBY, STANDBY, me) };
    }
    const { row } = this.#announced;
    await this.#redis.ask((redis) =>
      redis.eval(ANNOUNCE, 1, botStandbysKey(this.#place.prefix), row, STANDBY_MS),
    );
  }

  /** Takes the own announcement back. */
  async leave(): Promise<void> {
    const row = this.#announced?.row;
    this.#announced = null;
    if (row === undefined || this.#redis.trouble !== null) return;
    await this.#redis.ask((redis) => redis.zrem(botStandbysKey(this.#place.prefix), row));
  }

  /** The bots that wait now. */
  async standbys(): Promise<StandbyBot[]> {
    const rows = (await this.#redis.ask((redis) =>
      redis.eval(STANDBYS, 1, botStandbysKey(this.#place.prefix), STANDBY_MS),
    )) as string[];
    return rows.flatMap(
      (row) => StandbyBot.safeParse(this.#place.wire.openRow(STANDBY, STANDBY, row)).data ?? [],
    );
  }

  /** Says that the active bot is there; to be repeated every few seconds. */
  async beat(last: LastBot): Promise<void> {
    const row = this.#place.wire.signRow(BEAT, BEAT, last);
    await this.#redis.ask((redis) => redis.set(botBeatKey(this.#place.prefix), row, "PX", BEAT_MS));
  }

  /** The bot that was heard within the last 30 s; null = none. */
  async heard(): Promise<LastBot | null> {
    const text = await this.#redis.ask((redis) => redis.get(botBeatKey(this.#place.prefix)));
    if (text === null) return null;
    return LastBot.safeParse(this.#place.wire.openRow(BEAT, BEAT, text)).data ?? null;
  }

  /** Takes the right to tell that the bot is gone. False = another host has told it. */
  async takeAway(host: string): Promise<boolean> {
    const key = botAwayKey(this.#place.prefix);
    const set = await this.#redis.ask((redis) => redis.set(key, host, "PX", AWAY_MS, "NX"));
    return set === "OK";
  }

  /** Ends a told outage. True for the one host that is to tell of the bot's return. */
  async endAway(): Promise<boolean> {
    const key = botAwayKey(this.#place.prefix);
    return (await this.#redis.ask((redis) => redis.del(key))) === 1;
  }

  close(): void {
    this.#redis.close();
  }
}
