import { sleep } from "@flotilla/kernel";
import type { StoryRig, Strain } from "./rig.ts";

/** The length of a fault, not a way to wait for something. */
const lasts = sleep;
/** Of a restart of sixty, one after the other, on a slow machine. */
const LONG_MS = 600_000;

/** How long things take in a story. Milliseconds. */
export interface Lengths {
  /**
   * CONFIRM_END_S of the fleet, in milliseconds: how long Telegram is asked again whether a session
   * ended.
   */
  readonly confirmMs: number;
  /** Milliseconds for which Redis hangs; 0 = it does not. */
  readonly hangMs: number;
  /** Milliseconds for which the Bot API is away. */
  readonly awayMs: number;
  /** Milliseconds at the end in which nothing happens and nothing may be told. */
  readonly quietMs: number;
}

/** Telegram's last answer, and the way of the news to the chat. */
const NEWS_MS = 3000;
/**
 * A hang is told after ten seconds (docs/faults.md); the bot asks Redis every two seconds, which
 * takes up to 0.6 s.
 */
const HANG_TOLD_MS = 10_000 + 3000;

/** How the processes stood the parts of a story, by name. */
export type Strains = Readonly<Record<string, Strain>>;

/** Some crash at once, one session ends, Redis hangs, and Flotilla is restarted on purpose. */
export async function oneNight(rig: StoryRig, crashes: number, lengths: Lengths): Promise<Strains> {
  const workers = rig.names.length;
  await rig.ann.start();
  await rig.ann.shows(new RegExp(`Fleet · ${workers} workers[\\s\\S]*✅ ${workers} healthy`));
  await rig.strain();
  rig.crash(rig.names.slice(0, crashes));
  await rig.ann.shows(new RegExp(`✅ #A\\d+: all ${crashes} resolved`), LONG_MS);
  const crash = await rig.strain();
  const last = rig.names.at(-1) ?? "";
  await rig.end([last], lengths.confirmMs + NEWS_MS);
  await rig.ann.shows(new RegExp(`${last} needs login`), lengths.confirmMs + 60_000);
  if (lengths.hangMs > 0) {
    await rig.hang(() => lasts(lengths.hangMs), HANG_TOLD_MS);
    await rig.ann.shows(/✅ Redis #A\d+ resolved/);
  }
  await rig.strain();
  await rig.restart();
  const restart = await rig.strain();
  await rig.ann.shows(
    new RegExp(`Fleet · ${workers} workers[\\s\\S]*✅ ${workers - 1} healthy\\s+🔑 1`),
    lengths.confirmMs + 60_000,
  );
  await lasts(lengths.quietMs);
  return { [`${crashes} of ${workers} crash`]: crash, "Flotilla starts again": restart };
}

/**
 * Two thirds crash at once and the sessions of the others end, two admins restart all at the same
 * moment, and the Bot API goes away while five more crash. Returns what the admins were answered as
 * well.
 */
export async function twoAdmins(
  rig: StoryRig,
  { confirmMs, awayMs, quietMs }: Lengths,
): Promise<{
  readonly strains: Strains;
  readonly answers: readonly string[];
  readonly pressedAt: number;
}> {
  const workers = rig.names.length;
  const part = Math.round((workers * 2) / 3);
  const [crashed, ended] = [rig.names.slice(0, part), rig.names.slice(part)];
  await rig.ann.start();
  await rig.bob.start();
  await rig.ann.shows(new RegExp(`Fleet · ${workers} workers[\\s\\S]*✅ ${workers} healthy`));
  await rig.strain();
  rig.crash(crashed);
  await rig.end(ended, confirmMs + NEWS_MS);
  await rig.ann.shows(new RegExp(`✅ #A\\d+: all ${crashed.length} resolved`), LONG_MS);
  await rig.ann.shows(
    new RegExp(`${ended.length} of ${workers} workers need a login`),
    confirmMs + 60_000,
  );
  const crash = await rig.strain();
  await rig.press("ann", "Restart all");
  await rig.press("bob", "Restart all");
  const pressedAt = Date.now();
  const answers = await Promise.all([
    rig.press("ann", "Yes, restart them"),
    rig.press("bob", "Yes, restart them"),
  ]);
  await rig.ann.shows(/Under way: (?!0)\d+ done/);
  await rig.withoutBotApi(async () => {
    await lasts(awayMs / 2);
    rig.crash(crashed.slice(0, 5), NEWS_MS);
    await lasts(awayMs / 2);
  });
  await rig.ann.shows(new RegExp(`Ended: ${crashed.length} done, ${ended.length} not OK`), LONG_MS);
  const restart = await rig.strain();
  await lasts(quietMs);
  const strains = {
    [`${crashed.length} of ${workers} crash, ${ended.length} end`]: crash,
    "all restart": restart,
  };
  return { strains, answers, pressedAt };
}

/** How long the bot and its launcher take to have a killed bot back. */
const BOT_BACK_MS = 8000;

/**
 * One thing in the middle of another: crashes and an end while Redis hangs, a restart while workers
 * are down, a bot that is killed with the news.
 */
export async function allAtOnce(
  rig: StoryRig,
  { confirmMs, hangMs, quietMs }: Lengths,
): Promise<void> {
  const workers = rig.names.length;
  await rig.ann.start();
  await rig.ann.shows(new RegExp(`Fleet · ${workers} workers[\\s\\S]*✅ ${workers} healthy`));
  const last = rig.names.at(-1) ?? "";
  await rig.hang(async () => {
    await lasts(hangMs / 4);
    rig.crash(rig.names.slice(0, 3), hangMs + NEWS_MS);
    await rig.end([last], hangMs + confirmMs + NEWS_MS);
    await lasts((hangMs * 3) / 4);
  }, HANG_TOLD_MS);
  await rig.ann.shows(/✅ #A\d+: all 3 resolved/);
  await rig.ann.shows(/✅ Redis #A\d+ resolved/);
  rig.crash(rig.names.slice(3, 5));
  await rig.ann.shows(new RegExp(`2 of ${workers} workers crashed`));
  await rig.restart();
  await rig.ann.shows(/✅ #A\d+: both resolved/, LONG_MS);
  await rig.ann.shows(
    new RegExp(`Fleet · ${workers} workers[\\s\\S]*✅ ${workers - 1} healthy\\s+🔑 1`),
    LONG_MS,
  );
  rig.crash(rig.names.slice(5, 8), BOT_BACK_MS);
  rig.killBot();
  await rig.ann.shows(new RegExp(`✅ #A\\d+: all 3 resolved[\\s\\S]*${rig.names[5]}`), LONG_MS);
  await lasts(quietMs);
}
