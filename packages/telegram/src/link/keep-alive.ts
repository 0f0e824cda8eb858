import { sleep } from "@flotilla/kernel";
import { linkLost } from "../wire/fault.ts";
import type { Link } from "./link.ts";

/** Intervals and signals of {@link keepAlive}. */
export interface KeepAliveOptions {
  readonly pingEveryMs: number;
  readonly pingTimeoutMs: number;
  /** Differs after each packet. */
  readonly trafficMark: () => number | null;
  readonly onAnswer: () => void;
}

/**
 * Pings at once and until the link is over. A lost ping ends the link, unless other traffic arrived
 * meanwhile.
 */
export async function keepAlive(link: Link, options: KeepAliveOptions): Promise<void> {
  const over = new AbortController();
  void link.ended.then((error) => over.abort(error));
  while (!link.over) {
    const before = options.trafficMark();
    try {
      await link.ping(options.pingTimeoutMs);
      options.onAnswer();
    } catch {
      if (options.trafficMark() === before) await link.stop(linkLost("ping-timeout"));
    }
    try {
      await sleep(options.pingEveryMs, over.signal);
    } catch {
      return;
    }
  }
}
