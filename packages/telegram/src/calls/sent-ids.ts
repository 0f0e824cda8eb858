import { Api } from "telegram";
import { updatesIn } from "../wire/incoming.ts";

/**
 * Ids of sent messages, in the order of their random ids; null where the answer does not contain
 * it.
 */
export function sentIds(answer: unknown, randomIds: readonly string[]): (number | null)[] {
  if (answer instanceof Api.UpdateShortSentMessage) return [answer.id];
  const named = new Map<string, number>();
  for (const update of updatesIn(answer)) {
    if (update instanceof Api.UpdateMessageID && update.randomId)
      named.set(update.randomId.toString(), update.id);
  }
  return randomIds.map((randomId) => named.get(randomId) ?? null);
}
