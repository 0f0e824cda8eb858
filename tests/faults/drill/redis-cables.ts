import type { SentinelHarness } from "@flotilla/testkit";
import { Cable } from "../cable.ts";

/** The way of one host to a Redis that fails over: pulled, the host has no Redis and no word of it. */
export interface RedisCables {
  /** `host:port` of each sentinel as the host sees it, for REDIS_SENTINELS. */
  readonly sentinels: readonly string[];
  pull(): void;
  plugIn(): void;
}

/**
 * Lays a cable to each server and sentinel; they end with the test. What the sentinels say of
 * ports is changed to those of the cables, or the host would go past them.
 */
export async function layRedisCables(redis: SentinelHarness): Promise<RedisCables> {
  const ports = new Map<string, string>();
  const seenByHost = (bytes: Buffer): Buffer => {
    const text = bytes.toString("latin1");
    return Buffer.from(
      text.replace(/\b\d{5}\b/g, (port) => ports.get(port) ?? port),
      "latin1",
    );
  };
  const lay = async (port: number, change?: (bytes: Buffer) => Buffer): Promise<Cable> => {
    const cable = await Cable.lay({
      to: { host: "127.0.0.1", port },
      from: "127.0.0.1",
      ...(change ? { change } : {}),
    });
    ports.set(String(port), String(cable.port));
    return cable;
  };
  const servers = await Promise.all(redis.servers.map(({ port }) => lay(port)));
  const watchers = await Promise.all(redis.watchers.map(({ port }) => lay(port, seenByHost)));
  const all = [...servers, ...watchers];
  return {
    sentinels: watchers.map(({ port }) => `127.0.0.1:${port}`),
    pull: () => {
      for (const cable of all) cable.pull();
    },
    plugIn: () => {
      for (const cable of all) cable.plugIn();
    },
  };
}
