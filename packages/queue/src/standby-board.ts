import { createHash } from "node:crypto";
import {
  closedHostsKey,
  HostIdField,
  StandbyOwner,
  standbyKey,
  standbyRecordKey,
  TakenOver,
  takenOverKey,
} from "@flotilla/contracts";
import { AppError, type HostId, type WorkerId } from "@flotilla/kernel";
import { z } from "zod";
import type { QueuePlace } from "./place.ts";
import { PromptRedis } from "./prompt-redis.ts";
import type { RedisTrouble } from "./redis-trouble.ts";
import type { Wire } from "./wire.ts";

const OWNERS = "standby";
const TAKEN = "taken-over";
const CLOSED = "closed-hosts";
const Closed = z.array(HostIdField);
/** Milliseconds that a record stays without a newer one. */
const KEPT_MS = 30 * 24 * 3600 * 1000;

/** Replaces owner and record, unless another host has the worker: then its row is the answer. */
const PUT = `
local there = redis.call('HGET', KEYS[1], ARGV[1])
if there and string.sub(there, 1, #ARGV[2] + 1) ~= ARGV[2] .. ' ' then return there end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if ARGV[4] ~= '' then redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5]) end
return false`;

/** Gives the worker to another host, if its row is still the one that was read. */
const CLAIM = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if ARGV[5] ~= '' then redis.call('HSET', KEYS[2], ARGV[4], ARGV[5]) else redis.call('HDEL', KEYS[2], ARGV[4]) end
return 1`;

/** Removes owner and record, if this host has the worker. */
const DROP = `
local there = redis.call('HGET', KEYS[1], ARGV[1])
if not there or string.sub(there, 1, #ARGV[2] + 1) ~= ARGV[2] .. ' ' then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 1`;

/**
 * Which host has a floating worker, and the sealed record that another one would start it from (ADR
 * 18). Redis decides who has it: a row changes hands only from the host that the asker read there.
 * Every method rejects within a second, with AppError `redis-away`, when Redis does not answer.
 */
export class StandbyBoard {
  readonly #redis: PromptRedis;
  readonly #place: QueuePlace;
  readonly #wire: Wire;

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#place = place;
    this.#wire = place.wire;
    this.#redis = new PromptRedis(place.redis, onError);
  }

  /** All floating workers that this fleet has signed. */
  async all(): Promise<StandbyOwner[]> {
    const rows = await this.#redis.ask((redis) => redis.hgetall(standbyKey(this.#place.prefix)));
    return Object.entries(rows).flatMap(([worker, text]) => this.#open(worker, text) ?? []);
  }

  /** One of them; null = it does not float, or Redis has forgotten it. */
  async find(worker: WorkerId): Promise<StandbyOwner | null> {
    const text = await this.#redis.ask((redis) =>
      redis.hget(standbyKey(this.#place.prefix), worker),
    );
    return text === null ? null : this.#open(worker, text);
  }

  /**
   * Writes the row of this host, with a record when there is a new one. Returns the host that has
   * the worker in its place; null = written.
   */
  async put(owner: StandbyOwner, record: Buffer | null): Promise<HostId | null> {
    const { prefix } = this.#place;
    const { worker, host } = owner;
    const there = await this.#redis.ask((redis) =>
      redis.eval(
        PUT,
        2,
        standbyKey(prefix),
        standbyRecordKey(prefix, worker),
        worker,
        host,
        this.#sign(owner),
        record ?? "",
        KEPT_MS,
      ),
    );
    // A row without the signature of this fleet keeps no host off.
    const other = typeof there === "string" ? this.#open(worker, there) : null;
    if (typeof there !== "string" || other?.host === host) return null;
    if (other) return other.host;
    await this.#redis.ask((redis) => redis.hdel(standbyKey(prefix), worker));
    return await this.put(owner, record);
  }

  /** Says what the worker is to do elsewhere; false = the row is another one by now. */
  async want(owner: StandbyOwner, desired: StandbyOwner["desired"]): Promise<boolean> {
    return await this.#change(owner, { desired }, owner.host, "");
  }

  /** Takes a worker over from the host of `owner`; false = it changed hands meanwhile. */
  async claim(owner: StandbyOwner, to: HostId, at: number): Promise<boolean> {
    const { worker, host: from } = owner;
    const taken: TakenOver = { worker, from, to, at };
    return await this.#change(
      owner,
      { host: to },
      from,
      this.#wire.signRow(TAKEN, rowOf(taken), taken),
    );
  }

  /** Undoes a {@link claim} from `from`: the session could not be put in place. */
  async giveBack(owner: StandbyOwner, from: HostId): Promise<boolean> {
    return await this.#change(owner, { host: from }, from, "");
  }

  /** The sealed record of a worker. Throws AppError `standby-gone` too. */
  async record({ worker, sha256 }: StandbyOwner): Promise<Buffer> {
    const { prefix } = this.#place;
    const record = await this.#redis.ask((redis) =>
      redis.getBuffer(standbyRecordKey(prefix, worker)),
    );
    if (record !== null && digestOf(record) === sha256) return record;
    const text = `The standby record of ${worker} is not in Redis, or was changed: nothing was started.`;
    throw new AppError("standby-gone", text, { details: { worker } });
  }

  /** The worker does not float any more, or waits for a move. Nothing if another host has it. */
  async drop(worker: WorkerId, host: HostId): Promise<void> {
    const { prefix } = this.#place;
    await this.#redis.ask((redis) =>
      redis.eval(DROP, 2, standbyKey(prefix), standbyRecordKey(prefix, worker), worker, host),
    );
  }

  /** What was taken over from hosts that have not put their files away yet. */
  async takenOver(): Promise<TakenOver[]> {
    const rows = await this.#redis.ask((redis) => redis.hgetall(takenOverKey(this.#place.prefix)));
    return Object.entries(rows).flatMap(([row, text]) => {
      const found = TakenOver.safeParse(this.#wire.openRow(TAKEN, row, text)).data;
      return found && rowOf(found) === row ? [found] : [];
    });
  }

  /** The host has put them away. */
  async settle(taken: TakenOver): Promise<void> {
    await this.#redis.ask((redis) => redis.hdel(takenOverKey(this.#place.prefix), rowOf(taken)));
  }

  /** Hosts that take no worker over, because an owner drains them. Of the bot. */
  async keepClosed(hosts: readonly HostId[]): Promise<void> {
    const row = this.#wire.signRow(CLOSED, CLOSED, hosts);
    await this.#redis.ask((redis) => redis.set(closedHostsKey(this.#place.prefix), row));
  }

  /** See {@link keepClosed}. Nothing that this fleet has signed: none. */
  async closed(): Promise<readonly HostId[]> {
    const text = await this.#redis.ask((redis) => redis.get(closedHostsKey(this.#place.prefix)));
    if (text === null) return [];
    return Closed.safeParse(this.#wire.openRow(CLOSED, CLOSED, text)).data ?? [];
  }

  /** Resolves when the connection is open; earlier questions may be refused. */
  async ready(signal?: AbortSignal): Promise<void> {
    await this.#redis.ready(signal);
  }

  get trouble(): RedisTrouble | null {
    return this.#redis.trouble;
  }

  close(): void {
    this.#redis.close();
  }

  async #change(
    owner: StandbyOwner,
    change: Partial<StandbyOwner>,
    from: HostId,
    taken: string,
  ): Promise<boolean> {
    const { prefix } = this.#place;
    const { worker } = owner;
    return await this.#redis.ask(async (redis) => {
      const there = await redis.hget(standbyKey(prefix), worker);
      const known = there === null ? null : this.#open(worker, there);
      if (there === null || known?.host !== owner.host || known.sha256 !== owner.sha256)
        return false;
      const next = this.#sign({ ...known, ...change });
      const keys = [standbyKey(prefix), takenOverKey(prefix)] as const;
      const row = rowOf({ worker, from });
      return (await redis.eval(CLAIM, 2, ...keys, worker, there, next, row, taken)) === 1;
    });
  }

  #sign(owner: StandbyOwner): string {
    return `${owner.host} ${this.#wire.signRow(OWNERS, owner.worker, owner)}`;
  }

  #open(worker: string, text: string): StandbyOwner | null {
    const row = text.slice(text.indexOf(" ") + 1);
    const found = StandbyOwner.safeParse(this.#wire.openRow(OWNERS, worker, row)).data;
    return found?.worker === worker && text.startsWith(`${found.host} `) ? found : null;
  }
}

/** Which record a row stands for. */
export const digestOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

const rowOf = ({ worker, from }: Pick<TakenOver, "worker" | "from">): string => `${worker}@${from}`;
