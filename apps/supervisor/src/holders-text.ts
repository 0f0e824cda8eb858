import type { Holder, HolderReport } from "@flotilla/sqlite";

/** Who has a session file open, for the card: one line per program, and what cannot be seen. */
export function holdersText(report: HolderReport): string {
  const lines = report.holders.map(holderLine);
  if (report.notVisible) lines.push(`⚠️ ${report.notVisible}`);
  return lines.length === 0 ? "👀 Nobody has the session file open." : `👀 The session file is open in:\n${lines.join("\n")}`;
}

function holderLine(holder: Holder): string {
  const since = holder.startedAt === null ? "" : `, since ${new Date(holder.startedAt).toLocaleString("sv-SE")}`;
  const state = holder.state === "running" ? "" : `, ${holder.state}`;
  const whose = holder.ours === "yes" ? "one of ours" : "not ours: I do not stop programs I did not start";
  return `• pid ${holder.pid} ${holder.commandLine ?? "(command not visible)"} — user ${holder.user ?? "unknown"}${state}${since}; lock: ${holder.lock}; ${whose}`;
}
