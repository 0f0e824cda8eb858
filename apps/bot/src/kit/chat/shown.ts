import { createHash } from "node:crypto";
import type { Card } from "./screen.ts";

/** The same for two cards that look the same: an edit between them would change nothing. */
export function digestOf(card: Card): string {
  return createHash("sha256").update(JSON.stringify(card)).digest("base64url");
}
