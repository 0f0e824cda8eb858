import type { Card } from "../../src/kit/chat/screen.ts";
import type { Words } from "../../src/kit/words/words.ts";
import type { Copy, GoodCopy } from "../../src/rescue/copies.ts";
import { doneCard } from "../../src/rescue/over.ts";
import {
  askEmptyCard,
  askPutCard,
  failedCard,
  frontCard,
  olderCard,
  oneCard,
  type RescueSight,
  workingCard,
} from "../../src/rescue/rescue-card.ts";
import { NOW } from "../support.ts";
import { shownAs } from "./chat-text.ts";

const HOUR_MS = 3_600_000;
const BY = { id: "777", name: "@ann" };

const GOOD: GoodCopy = {
  path: "/data/backups/a",
  host: "host-a",
  at: NOW - 5 * HOUR_MS,
  state: "good",
  facts: {
    workers: ["news_1", "news_2", "zebra"],
    routes: 12,
    admins: [{ id: "777", language: "en", zone: null }],
    openAlerts: 2,
  },
};
const useless = (code: string, hours: number): Copy => ({
  path: `/data/backups/${code}`,
  host: "host-a",
  at: NOW - hours * HOUR_MS,
  state: "useless",
  code,
});

/** Every card of a lost control.db as text. */
export function shownRescue(words: Words): string[] {
  const damaged: RescueSight = {
    words,
    host: "host-a",
    loss: {
      kind: "damaged",
      path: "/srv/flotilla/data/control.db",
      code: "sqlite-corrupt",
      changedAt: NOW - 120_000,
    },
    folder: "/srv/flotilla/data/backups",
    workers: ["archive_4", "news_1", "news_2"],
    now: NOW,
  };
  const missing: RescueSight = {
    ...damaged,
    loss: { kind: "missing", path: damaged.loss.path, code: "", changedAt: null },
    workers: null,
  };
  const found = [
    useless("wrong-fleet-key", 1),
    useless("archive-damaged", 2),
    useless("archive-newer", 3),
  ];
  const cards: readonly (readonly [title: string, card: Card])[] = [
    ["damaged", frontCard(damaged, { good: GOOD, useless: [], count: 3 })],
    ["missing, Redis is away", frontCard(missing, { good: GOOD, useless: found, count: 4 })],
    ["no copy", frontCard(damaged, { good: null, useless: [], count: 0 })],
    ["older copies", olderCard(damaged, [GOOD, ...found])],
    ["one copy", oneCard(damaged, GOOD)],
    ["a foreign copy", oneCard(damaged, useless("archive-foreign", 4))],
    ["an unreadable copy", oneCard(damaged, useless("EACCES", 4))],
    ["put it back?", askPutCard(damaged, GOOD)],
    ["start empty?", askEmptyCard(damaged, GOOD)],
    ["it is put back", workingCard(words, GOOD.at)],
    ["it is set aside", workingCard(words, null)],
    ["it failed", failedCard(words, "disk-full", "The disk of /data is full.")],
    ["it is back", doneCard(words, { copyAt: GOOD.at, by: BY, at: NOW })],
    ["it is empty", doneCard(words, { copyAt: null, by: BY, at: NOW })],
    ["it was mended by hand", doneCard(words, null)],
  ];
  return cards.map(([title, card]) => shownAs(title, card));
}
