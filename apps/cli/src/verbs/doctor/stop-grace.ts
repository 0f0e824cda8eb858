import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { controlGroup } from "@flotilla/os";
import type { Finding } from "./finding.ts";

/** Seconds that the workers, then the supervisor, may need to end cleanly. */
const NEEDED_S = 20;

/**
 * Checks that systemd or Docker waits long enough before SIGKILL. A container cannot read its own
 * stop time, so there it is a hint.
 */
export async function checkStopGrace(): Promise<Finding[]> {
  if (existsSync("/.dockerenv") || existsSync("/run/.containerenv"))
    return [
      {
        check: "stop-grace",
        level: "hint",
        what: "This is a container, which cannot read its own stop time.",
        why:
          `Docker kills after 10 s unless told otherwise; Flotilla needs up to ${NEEDED_S} s, or a ` +
          "session ends without its last write.",
        todo:
          "Set stop_grace_period: 30s in the compose file (ours has it), or docker run " +
          "--stop-timeout 30.",
      },
    ];
  const unit = systemdUnit();
  const seconds = unit === null ? null : await stopSeconds(unit);
  if (unit === null || seconds === null || seconds >= NEEDED_S) return [];
  return [
    {
      check: "stop-grace",
      level: "problem",
      what: `The systemd unit ${unit} has ${seconds} s to stop.`,
      why:
        `Flotilla needs up to ${NEEDED_S} s: after that systemd kills it, and a session ends ` +
        "without its last write.",
      todo: `Set TimeoutStopSec=30 in the unit (systemctl edit ${unit}).`,
    },
  ];
}

/** The systemd unit with "flotilla" in its name that this command runs in, or null. */
function systemdUnit(): string | null {
  return /\/([\w@.-]*flotilla[\w@.-]*\.service)/.exec(controlGroup() ?? "")?.[1] ?? null;
}

async function stopSeconds(unit: string): Promise<number | null> {
  try {
    const { stdout } = await promisify(execFile)(
      "systemctl",
      ["show", "-p", "TimeoutStopUSec", "--value", unit],
      {
        timeout: 5000,
      },
    );
    return spanSeconds(stdout.trim());
  } catch {
    return null;
  }
}

/** Parses a systemd time span such as `1min 30s` or `infinity` into seconds; else null. */
export function spanSeconds(text: string): number | null {
  if (text === "infinity") return Number.POSITIVE_INFINITY;
  const units: Readonly<Record<string, number>> = { h: 3600, min: 60, s: 1, ms: 0.001 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|min|ms|s)\b/g)];
  if (parts.length === 0) return null;
  return parts.reduce((sum, [, value, unit]) => sum + Number(value) * (units[unit ?? ""] ?? 0), 0);
}
