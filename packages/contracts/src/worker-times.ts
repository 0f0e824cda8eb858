import { withoutUndefined } from "@flotilla/kernel";
import type { LinkStatus, WorkerStatus } from "./worker-status.ts";

const moved = <T extends number | null>(at: T, byMs: number): T =>
  at === null ? at : ((at + byMs) as T);

/**
 * The same status by a clock that is `byMs` ahead of the one that it was written by: of its host,
 * whose times these are.
 */
export function moveTimes(status: WorkerStatus, byMs: number): WorkerStatus {
  if (byMs === 0) return status;
  const { since, startedAt, nextTryAt, link, storage, holder } = status;
  return {
    ...status,
    since: since + byMs,
    startedAt: moved(startedAt, byMs),
    nextTryAt: moved(nextTryAt, byMs),
    link: link && moveLinkTimes(link, byMs),
    ...withoutUndefined({
      storage: storage && { ...storage, checkpointAt: moved(storage.checkpointAt, byMs) },
      holder: holder && { ...holder, since: moved(holder.since, byMs) },
    }),
  };
}

/** See {@link moveTimes}. When chats fell silent is by Telegram's clock, and stays. */
export function moveLinkTimes(link: LinkStatus, byMs: number): LinkStatus {
  if (byMs === 0) return link;
  const { outage, sending, readingWait } = link;
  return {
    ...link,
    lastSuccessAt: moved(link.lastSuccessAt, byMs),
    lastMessageAt: moved(link.lastMessageAt, byMs),
    nextTryAt: moved(link.nextTryAt, byMs),
    ...withoutUndefined({
      outage: outage && {
        ...outage,
        beganAt: moved(outage.beganAt, byMs),
        endedAt: outage.endedAt + byMs,
      },
      sending: sending && {
        ...sending,
        waitUntil: moved(sending.waitUntil, byMs),
        halvedUntil: moved(sending.halvedUntil, byMs),
      },
      readingWait: readingWait && { ...readingWait, until: readingWait.until + byMs },
    }),
  };
}
