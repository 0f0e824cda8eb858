import { AppError } from "@flotilla/kernel";
import { z } from "zod";

/** Holder of a lease, readable by every process. */
export const LeaseRecord = z.object({
  token: z.string(),
  /**
   * Boot id and file of the holder's kernel lock: a process that has that lock may take the lease
   * over.
   */
  owner: z.string(),
  host: z.string(),
  worker: z.string(),
  since: z.number(),
});
export type LeaseRecord = z.infer<typeof LeaseRecord>;

/** Answer of Redis to {@link TAKE}. */
export type LeaseAnswer =
  /** `replicas` = replicas that this Redis has: one of them must confirm the grant. */
  | { readonly kind: "granted"; readonly fence: number; readonly replicas: number }
  | { readonly kind: "held"; readonly by: LeaseRecord }
  /** Redis restarted: a holder that it forgot may still act. */
  | { readonly kind: "wait"; readonly leftMs: number };

/**
 * Takes or renews leases in one atomic step. KEYS: n lease keys, n fence keys, the run key, the
 * quiet key. ARGV: n, token, owner, record, TTL in ms, the known fencing token (of the session, or
 * the granted one), 1 when this holder was granted that token and its tenure had not ended at the
 * question, and the quiet time in ms after a restart of Redis (0 = none).
 *
 * Such a holder keeps its token, also when Redis forgot the lease or restored an older state: of
 * two tokens the higher one was granted later. Every other holder gets a token above all granted
 * ones. A restarted Redis may have forgotten some: there the floor is its clock, in milliseconds,
 * at the first question.
 *
 * A renewal without loss uses only PEXPIRE, which needs no memory, so that a Redis out of memory
 * still renews leases (field fault A7).
 */
export const TAKE = `
if redis.replicate_commands then redis.replicate_commands() end
local n, token, owner, record = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local ttl, known, granted, quiet = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1', tonumber(ARGV[8])
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local copies = quiet > 0 and string.match(redis.call('INFO', 'replication'), 'connected_slaves:(%d+)') or '0'
local seen, floor = string.match(redis.call('GET', KEYS[2 * n + 1]) or '', '^(%w*):?(%d*)$')
if quiet > 0 and seen ~= run then
  local now = redis.call('TIME')
  floor = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
  redis.call('SET', KEYS[2 * n + 1], run .. ':' .. floor)
  redis.call('SET', KEYS[2 * n + 2], '1', 'PX', quiet)
end
local mine, highest, other, same = true, 0, nil, true
for i = 1, n do
  local held = redis.call('GET', KEYS[i])
  local holder = held and cjson.decode(held)
  if not holder or holder.token ~= token then mine = false end
  -- A process before this one that held the same kernel lock is dead.
  if holder and holder.token ~= token and (granted or holder.owner ~= owner) then other = other or held end
  local number = tonumber(redis.call('GET', KEYS[n + i]) or '0')
  if number ~= known then same = false end
  highest = math.max(highest, number)
end
if granted and mine and same then
  for i = 1, n do redis.call('PEXPIRE', KEYS[i], ttl) end
  return {'granted', string.format('%.0f', known), copies}
end
local fence = known
if granted then
  if not mine and (highest > known or other and highest == known) then return {'held', other or ''} end
  if highest > known then fence = highest + 1 end
else
  if other then return {'held', other} end
  if quiet > 0 then
    local left = redis.call('PTTL', KEYS[2 * n + 2])
    if left > 0 then return {'wait', tostring(left)} end
  end
  fence = math.max(highest, known, tonumber(floor) or 0) + 1
end
for i = 1, n do
  redis.call('SET', KEYS[n + i], string.format('%.0f', fence))
  redis.call('SET', KEYS[i], record, 'PX', ttl)
end
return {'granted', string.format('%.0f', fence), copies}
`;

/** Releases the own leases: KEYS are lease keys, ARGV the token. */
export const RELEASE = `
for i = 1, #KEYS do
  local held = redis.call('GET', KEYS[i])
  if held and cjson.decode(held).token == ARGV[1] then redis.call('DEL', KEYS[i]) end
end
return 1
`;

const UNKNOWN: LeaseRecord = { token: "", owner: "", host: "another host", worker: "", since: 0 };

const Reply = z.tuple([z.enum(["granted", "held", "wait"]), z.string(), z.string().optional()]);

/** Parses the reply of {@link TAKE}. Throws AppError `bad-reply`. */
export function parseAnswer(reply: unknown): LeaseAnswer {
  const parsed = Reply.safeParse(reply);
  if (!parsed.success)
    throw new AppError("bad-reply", "Redis answered a lease with something else.");
  const [kind, value, replicas] = parsed.data;
  if (kind === "granted") return { kind, fence: Number(value), replicas: Number(replicas ?? 0) };
  if (kind === "wait") return { kind, leftMs: Number(value) };
  return { kind, by: value === "" ? UNKNOWN : LeaseRecord.parse(JSON.parse(value)) };
}
