import { createHash } from "node:crypto";
import type { RouteTarget } from "@flotilla/contracts";

/** Key of a target: two targets with the same key are the same place. */
export function targetKey(to: RouteTarget): string {
  switch (to.kind) {
    case "worker":
      return `worker ${to.worker} ${to.chat.toLowerCase()} ${to.topic ?? ""}`;
    case "bot":
      return `bot ${to.chat.toLowerCase()} ${to.topic ?? ""}`;
    case "webhook":
      return `webhook ${to.url}`;
    default:
      return to satisfies never;
  }
}

/**
 * The `random_id` of a delivery. The same route, target and message always give the same one, so
 * that Telegram rejects a second try (RANDOM_ID_DUPLICATE). `part` tells apart the messages that
 * one message became. Decimal, signed 64 bits, never 0.
 */
export function deriveRandomId(
  route: string,
  to: RouteTarget,
  source: { readonly chat: string; readonly id: number },
  part = "",
): string {
  const text = [
    "flotilla relay 1",
    route,
    targetKey(to),
    source.chat,
    source.id,
    ...(part === "" ? [] : [part]),
  ].join("\n");
  const id = createHash("sha256").update(text).digest().readBigInt64LE(0);
  return (id === 0n ? 1n : id).toString();
}

/**
 * Key of a step: the same for every try of it, different for every other step. The sender remembers
 * the keys it has carried out.
 */
export function stepKey(route: string, to: RouteTarget, row: string): string {
  return createHash("sha256")
    .update(["flotilla step 1", route, targetKey(to), row].join("\n"))
    .digest("hex")
    .slice(0, 40);
}
