import { hostClaimKey } from "@flotilla/contracts";
import { AppError, Deadline, type HostId, sleep } from "@flotilla/kernel";
import { z } from "zod";
import type { QueuePlace } from "./place.ts";
import { PromptRedis } from "./prompt-redis.ts";

/** Identity of a supervisor in its claim. */
export const HostClaimant = z.object({
  /** Unique per run of a process. */
  id: z.string().max(100),
  /**
   * Its kernel lock: machine, device and inode. A process that holds the same lock knows that the
   * claimant is dead.
   */
  record: z.string().max(200),
  pid: z.number().int(),
  machine: z.string().max(255),
  dataDir: z.string().max(4096),
  /** Start of the claim, in milliseconds since the epoch. */
  since: z.number(),
});
export type HostClaimant = z.infer<typeof HostClaimant>;

/** Milliseconds after which the claim of a dead supervisor expires. */
const TTL_MS = 15_000;
/**
 * Milliseconds between two tries while another process has the claim: a living holder renews it, a
 * dead one's expires.
 */
const ASK_AGAIN_MS = 500;

/**
 * Sets the claim when it is free, its own, or of a dead claimant with the same record; otherwise
 * returns the claimant.
 */
const TAKE = `
local held = redis.call('GET', KEYS[1])
if held then
  local ok, owner = pcall(cjson.decode, held)
  if ok and type(owner) == 'table' and owner.id ~= ARGV[2] and owner.record ~= ARGV[3] then return held end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[4])
return false`;

const LEAVE = `
local held = redis.call('GET', KEYS[1])
if held then
  local ok, owner = pcall(cjson.decode, held)
  if ok and type(owner) == 'table' and owner.id == ARGV[1] then redis.call('DEL', KEYS[1]) end
end
return true`;

/** Claimant, timing and listeners of a {@link HostClaim}. */
export interface HostClaimOptions {
  readonly place: Pick<QueuePlace, "redis" | "prefix">;
  readonly host: HostId;
  readonly me: HostClaimant;
  /** Called once per other supervisor that takes the name: two would consume one queue. */
  readonly onTaken: (error: AppError) => void;
  readonly onError: (error: unknown) => void;
  /** Milliseconds that a claim outlives its holder; renewed after each third. Default 15 s. */
  readonly ttlMs?: number;
}

/**
 * A supervisor's claim to its HOST_ID in the fleet: of two with one name, the second is refused
 * with the name of the first.
 */
export class HostClaim {
  readonly #options: HostClaimOptions;
  readonly #redis: PromptRedis;
  #timer: NodeJS.Timeout | undefined;
  #told = "";

  constructor(options: HostClaimOptions) {
    this.#options = options;
    this.#redis = new PromptRedis(options.place.redis, options.onError);
  }

  /**
   * Takes the name and renews it until `close`; waits as long as the claim of a dead holder lasts.
   * Throws AppError `host-id-taken` that names the holder. When Redis is away it resolves anyway
   * and takes the claim later.
   */
  async take(): Promise<void> {
    const { ttlMs = TTL_MS } = this.#options;
    for (const end = new Deadline(ttlMs + ASK_AGAIN_MS); ; await sleep(ASK_AGAIN_MS)) {
      const refused = await this.#askQuietly();
      if (!refused) break;
      if (end.isOver) throw refused;
    }
    this.#timer = setInterval(() => void this.#renew(), ttlMs / 3);
  }

  /** Why the last renewal lost the name to another supervisor; null = it has the name. */
  get problem(): string | null {
    return this.#told || null;
  }

  /** Releases the name. Idempotent. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const { place, host, me, onError } = this.#options;
    const key = hostClaimKey(place.prefix, host);
    if (this.#redis.trouble === null)
      await this.#redis.ask((redis) => redis.eval(LEAVE, 1, key, me.id)).catch(onError);
    this.#redis.close();
  }

  async #renew(): Promise<void> {
    const refused = await this.#askQuietly();
    if (refused && this.#told !== refused.message) this.#options.onTaken(refused);
    this.#told = refused?.message ?? "";
  }

  /** Null also when Redis did not answer. */
  async #askQuietly(): Promise<AppError | null> {
    try {
      return await this.#ask();
    } catch (error) {
      this.#options.onError(error);
      return null;
    }
  }

  async #ask(): Promise<AppError | null> {
    const { place, host, me, ttlMs = TTL_MS } = this.#options;
    const key = hostClaimKey(place.prefix, host);
    const args = [JSON.stringify(me), me.id, me.record, ttlMs];
    const held: unknown = await this.#redis.ask((redis) => redis.eval(TAKE, 1, key, ...args));
    return typeof held === "string" ? taken(host, held) : null;
  }
}

function taken(host: HostId, held: string): AppError {
  const found = HostClaimant.safeParse(JSON.parse(held));
  const who = found.success
    ? `pid ${found.data.pid} on ${found.data.machine} (data folder ${found.data.dataDir}, since ` +
      `${new Date(found.data.since).toISOString()})`
    : "an unknown supervisor";
  const text =
    `Another supervisor is the host "${host}" of this fleet: ${who}. Two with one name take ` +
    "each other's commands. Set another HOST_ID here, or stop that one.";
  return new AppError("host-id-taken", text, { details: { host } });
}
