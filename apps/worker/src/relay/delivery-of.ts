import { Delivery, type DeliveryStep, type Route } from "@flotilla/contracts";
import { AppError, type WorkerId, withoutNullish } from "@flotilla/kernel";
import { stepKey } from "@flotilla/relay";
import type { OutboxRow } from "@flotilla/session-store";
import { sourceOf, targetOf } from "./plan-step.ts";

/** The same for every try of one step; an album that grew is another step. */
export function keyOf(route: Route, row: OutboxRow): string {
  return stepKey(
    route.id,
    route.to,
    `${row.key}${row.pieces.length > 1 ? `+${row.pieces.length}` : ""}`,
  );
}

/**
 * A step as it travels. Throws AppError `cannot-travel` for what the other end would refuse: it
 * must not stand in front of its route for ever.
 */
export function deliveryOf(
  reader: WorkerId,
  route: Route,
  row: OutboxRow,
  {
    step,
    landed,
    tries,
  }: { readonly step: DeliveryStep; readonly landed: string | null; readonly tries: number },
): Delivery {
  const parsed = Delivery.safeParse({
    v: 1,
    kind: "delivery",
    id: `${reader}.${row.n}.${tries}`,
    key: keyOf(route, row),
    route: route.id,
    reader,
    to: targetOf(route, row),
    ...withoutNullish({ landed }),
    step,
    source: sourceOf(row),
  });
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
  throw new AppError(
    "cannot-travel",
    `This message cannot be handed over: ${fields} is not what a sender takes.`,
  );
}
