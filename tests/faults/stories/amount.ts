import { type Bounds, clock, EDIT_GAP_MS, firstLine, type Told } from "./model.ts";

const EDITS_PER_MINUTE = 20;
/** An edit this long after a press answers it. */
const ANSWER_MS = 3000;

/** How much a chat gets: messages, edits, and none for nothing. */
export function judgeAmount(
  told: readonly Told[],
  { messages, presses }: Bounds,
  chat: string,
): string[] {
  const wrong: string[] = [];
  const sent = told.filter(({ how }) => how === "sent");
  if (sent.length > messages)
    wrong.push(`too much: ${sent.length} messages in chat ${chat}, ${messages} at most`);
  const edits = told.filter(({ how }) => how !== "sent");
  const shown = new Map<number, string>();
  let before: Told | null = null;
  for (const each of told) {
    const text = `${withoutClock(each.html)} ${each.buttons}`;
    if (each.how !== "sent") {
      const minute = edits.filter(({ at }) => at <= each.at && each.at - at < 60_000).length;
      if (minute === EDITS_PER_MINUTE + 1)
        wrong.push(
          `too much: over ${EDITS_PER_MINUTE} edits in the minute before ${clock(each.at)}`,
        );
      const isAnswer = presses.some(
        ({ chat: where, at }) => where === chat && at <= each.at && each.at - at <= ANSWER_MS,
      );
      const gapMs = before === null ? Number.POSITIVE_INFINITY : each.at - before.at;
      if (gapMs < EDIT_GAP_MS - 100 && !isAnswer)
        wrong.push(
          `too much: two edits within ${gapMs} ms at ${clock(each.at)}: “${firstLine(each)}”`,
        );
      if (each.how === "unchanged" || shown.get(each.message) === text)
        wrong.push(`too much: an edit without a change at ${clock(each.at)}: “${firstLine(each)}”`);
      before = each;
    }
    shown.set(each.message, text);
  }
  return wrong;
}

function withoutClock(html: string): string {
  return html.replace(/\n*<i>updated [^<]*<\/i>/, "");
}
