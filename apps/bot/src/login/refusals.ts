import type { LoginStep } from "@flotilla/contracts";
import { type Said, say } from "../kit/words/said.ts";

/** Reasons that have words of their own. */
export const REASONS: ReadonlySet<string> = new Set([
  "phone-invalid",
  "phone-banned",
  "no-account",
  "phone-flood",
  "password-flood",
  "too-many-codes",
  "too-many-passwords",
  "flood-wait",
  "send-code-unavailable",
  "api-id",
  "update-app",
  "network",
  "email-setup-needed",
  "already-used",
  "server",
  "wrong-step",
  "timeout",
  "no-login",
  "qr-expired",
  "cancelled",
  "parcel-gone",
  "session-duplicate",
  "session-neighbour-unknown",
  "session-owned",
  "import-bot",
  "import-damaged",
  "import-malformed",
  "import-media-dc",
  "import-not-logged-in",
  "import-other-fleet-key",
  "import-tdata",
  "import-test-server",
  "import-unknown-format",
]);

/**
 * What Telegram refused, by its reason; a reason without words of its own is told by the code of
 * what the server said.
 */
export function refusalSaid(refused: Extract<LoginStep, { kind: "refused" }>, now: number): Said {
  const { reason, waitS, fault, who } = refused;
  if (reason === "other" && !fault) return say("refusal-failed");
  if (!REASONS.has(reason)) return say("refusal-other", { detail: fault?.code ?? reason });
  if (reason === "flood-wait" && waitS === null) return say("refusal-flood-later");
  if (who)
    return say(reason === "already-used" ? "refusal-already-used-by" : `refusal-${reason}`, {
      who,
    });
  return say(`refusal-${reason}`, waitS === null ? {} : { until: now + waitS * 1000 });
}
