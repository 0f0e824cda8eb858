import { backupConcerns, type HostBackup, type HostRow } from "@flotilla/contracts";
import { type Html, html } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";

/** 💾 Health: a line per host about its last backup, and what is wrong with it. */
export function backupLines(words: Words, hosts: readonly HostRow[], now: number): Html[] {
  return hosts.flatMap(({ host, backup }) => (backup ? [lineOf(words, host, backup, now)] : []));
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
