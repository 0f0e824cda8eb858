import { sleep } from "@flotilla/kernel";
import { linkLost } from "../wire/fault.ts";
import type { Link } from "./link.ts";

/** What keeping a link alive needs to know. */
export interface KeepAliveOptions {
  readonly pingEveryMs: number;
  readonly pingTimeoutMs: number;
  /** When something was last heard; compared, not read. */
  readonly lastTrafficAt: () => number | null;
  readonly onAnswer: () => void;
}

/** Pings, at once and then until the link is over. A lost ping ends the link, unless something else arrived meanwhile. */
export async function keepAlive(link: Link, options: KeepAliveOptions): Promise<void> {
  const over = new AbortController();
  void link.ended.then((error) => over.abort(error));
  while (!link.over) {
    const before = options.lastTrafficAt();
    try {
      await link.ping(options.pingTimeoutMs);
      options.onAnswer();
    } catch {
      if (options.lastTrafficAt() === before) await link.stop(linkLost("ping-timeout"));
    }
    try {
      await sleep(options.pingEveryMs, over.signal);
    } catch {
      return;
    }
  }
}
