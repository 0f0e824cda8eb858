import { backupConcerns, type HostBackup, type HostRow } from "@flotilla/contracts";
import { type Html, html } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";

/** What 💾 Health knows of backups. */
export interface BackupsKnown {
  readonly hosts: readonly HostRow[];
  /** Those of a bot's folder that no supervisor looks after. */
  readonly own: HostBackup | null;
}

/** 💾 Health: a line per host about its last backup, and what is wrong with it. */
export function backupLines(words: Words, { hosts, own }: BackupsKnown, now: number): Html[] {
  const told = hosts.flatMap(({ host, backup }) =>
    backup ? [lineOf(words, host, backup, now)] : [],
  );
  return own ? [...told, lineOf(words, words.text("health-own-folder"), own, now)] : told;
}

function lineOf(words: Words, host: string, backup: HostBackup, now: number): Html {
  const { good, everyMs } = backup;
  if (!good && everyMs === null) return html`💤 ${words.html("health-backup-off", { host })}`;
  const concerns = backupConcerns(backup, now);
  const last = good
    ? words.html("health-backup", {
        host,
        at: good.at,
        mb: Math.max(1, Math.round(good.bytes / 1e6)),
        workers: good.workers,
      })
    : words.html("health-backup-none", { host });
  const told = concerns.map((concern) => html` · ${words.html(`health-backup-${concern}`)}`);
  const [worst] = concerns;
  const mark = worst === undefined ? "✅" : "❌";
  return html`${worst === "same-disk" ? "⚠️" : mark} ${last}${told}`;
}
