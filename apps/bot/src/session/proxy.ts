import { encodePress, type WorkerStatus } from "@flotilla/contracts";
import { cancelButton, verbButton } from "../kit/keyboard.ts";
import type { Card, Screen } from "../kit/screen.ts";
import { type Html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";

/** Which way a worker goes, when it is not the direct one. */
export function wayLine(words: Words, { link }: WorkerStatus): Html | null {
  const way = link?.way;
  if (!way?.shown) return null;
  return words.html(way.own ? "details-way-own" : "details-way-host", { way: way.shown });
}

/** Asks once more: where it will go, and that nothing goes around it. */
export function proxyScreen(words: Words, screen: Extract<Screen, { kind: "proxy" }>): Card {
  const { worker, shown, token } = screen;
  const ask =
    shown === null
      ? words.html("proxy-off-ask", { worker })
      : words.html("proxy-ask", { worker, way: shown });
  const text = lines(ask, "", words.html("proxy-effect"));
  return {
    html: text.text,
    keyboard: [
      [verbButton(words, "proxyyes", worker, token)],
      [cancelButton(words, encodePress("worker", worker))],
    ],
  };
}
