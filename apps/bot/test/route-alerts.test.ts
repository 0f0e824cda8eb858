import { type RelayStatus, Route, RouteStatus, type RouteStuck } from "@flotilla/contracts";
import { expect, test } from "vitest";
import { alertCard } from "../src/alerts/alert-card.ts";
import { AlertStore } from "../src/alerts/alert-store.ts";
import { CardStore } from "../src/alerts/card-store.ts";
import { type Sight, watch } from "../src/alerts/watch.ts";
import { ALL_WORDS, controlDb, EN, HOST, NOW, statusOf, WORKER } from "./support.ts";
import { plainText } from "./telegram-html.ts";

const route = Route.parse({
  id: "signals",
  from: { worker: WORKER, chats: ["@signals_1"] },
  to: { kind: "worker", worker: "sender_1", chat: "@digest_1" },
});

function reader(change: Partial<RouteStatus> = {}): RelayStatus {
  const quiet = {
    p50Ms: null,
    p99Ms: null,
    lastDeliveredAt: null,
    parkedUntil: null,
    reason: null,
    forecastAt: null,
  };
  const status = RouteStatus.parse({
    route: "signals",
    ...{ waiting: 1, poison: 0, poisonReason: null, counts: {}, blocked: false, unknownChats: [] },
    ...quiet,
    ...change,
  });
  return {
    v: 1,
    worker: WORKER,
    version: 1,
    at: NOW,
    routes: [status],
    sources: [],
    backfill: null,
    senders: [],
  };
}

const stuck = (kind: RouteStuck["kind"], code: string, since = NOW): Partial<RouteStatus> => ({
  stuck: { kind, code, since },
});

async function world() {
  const db = await controlDb();
  const alerts = new AlertStore(db, 0);
  const cards = new CardStore(db, alerts);
  const look = (relay: Sight["relay"], more: Partial<Sight> = {}): void => {
    const sight = {
      now: NOW,
      statuses: [statusOf(WORKER)],
      redisAwaySince: null,
      tokenConflict: false,
      host: HOST,
    };
    watch(alerts, { ...sight, ...(relay ? { relay } : {}), ...more });
  };
  const open = (): string[] => alerts.allOpen().map(({ subject }) => subject);
  return {
    alerts,
    cards,
    look,
    open,
    relayOf: (...readers: RelayStatus[]) => ({ routes: [route], readers }),
  };
}

function create(cards: CardStore, alerts: AlertStore): number {
  const ns = alerts.allOpen().map((alert) => alert.n);
  cards.create("worker", ns, { calm: false, over: false }, NOW);
  return cards.allOpen()[0]?.n ?? 0;
}

test(
  "what was set aside is told with Retry and Drop, counts on, and is over when it is gone; " +
    "without news it stays",
  async () => {
    const { alerts, cards, look, open, relayOf } = await world();
    look(relayOf(reader({ poison: 1, poisonReason: "MESSAGE_TOO_LONG <" })));
    look(relayOf(reader({ poison: 3, poisonReason: "MESSAGE_TOO_LONG <" })));
    expect(open()).toEqual(["poison:signals"]);
    const n = create(cards, alerts);
    for (const words of ALL_WORDS) {
      const card = cards.find(n);
      if (!card) throw new Error("no card");
      expect(plainText(alertCard(words, card, 26).html)).toContain("MESSAGE_TOO_LONG <");
    }
    const shown = cards.find(n);
    const card = shown && alertCard(EN, shown, 26);
    expect(plainText(card?.html ?? "")).toContain("3 messages set aside");
    expect(
      card?.keyboard
        .flat()
        .map((button) => ("callback_data" in button ? button.callback_data : "")),
    ).toEqual(
      expect.arrayContaining([
        "v1:rset:signals:retry",
        "v1:rset:signals:drop",
        "v1:route:signals:",
      ]),
    );
    look(relayOf());
    look(relayOf(reader()), { redisAwaySince: NOW });
    expect(open()).toEqual(["poison:signals"]);
    look(relayOf(reader()));
    expect(open()).toEqual([]);
  },
);

test(
  "each way a route can stand has its remedy; a short silence, a route that is off and an " +
    "empty queue have none",
  async () => {
    const { alerts, look } = await world();
    const told = (change: Partial<RouteStatus>, of = route): string[] => {
      look({ routes: [of], readers: [reader(change)] });
      const found = alerts
        .allOpen()
        .map(
          ({ body }) => `${body.kind} ${body.worker} ${body.details[0]?.key} ${body.buttons[0]}`,
        );
      look({ routes: [], readers: [] });
      return found;
    };
    expect(told(stuck("blocked", "CHAT_WRITE_FORBIDDEN"))).toEqual([
      "route-blocked sender_1 alert-route-rights route",
    ]);
    expect(told(stuck("blocked", "CHANNEL_PRIVATE"))).toEqual([
      "route-blocked sender_1 alert-route-access route",
    ]);
    expect(told(stuck("blocked", "http-404"))).toEqual([
      "route-blocked sender_1 alert-route-webhook route",
    ]);
    expect(told(stuck("held", "PEER_FLOOD"))).toEqual([
      "sender sender_1 alert-route-limited resume",
    ]);
    expect(told(stuck("silent", "", NOW - 61_000))).toEqual([
      "sender sender_1 alert-route-sender route",
    ]);
    expect(told(stuck("silent", "", NOW - 30_000))).toEqual([]);
    expect(told({ ...stuck("blocked", "CHANNEL_PRIVATE"), waiting: 0 })).toEqual([]);
    expect(told(stuck("blocked", "CHANNEL_PRIVATE"), { ...route, on: false })).toEqual([]);
  },
);

test(
  "field fault B11: a source that is no chat is told with the right number, stays while " +
    "nothing is heard, and is over when the route is changed",
  async () => {
    const { alerts, look, open, relayOf } = await world();
    const wrong = reader({ unknownChats: ["2000001 → -1000002000001"] });
    look(relayOf(wrong));
    expect(open()).toEqual(["unknown:signals"]);
    expect(alerts.allOpen()[0]?.body).toMatchObject({
      ...{ kind: "unknown-chat", worker: WORKER, route: "signals", buttons: ["route", "worker"] },
      title: { args: { chats: "2000001" } },
      details: [{ key: "alert-unknown-chat-meant", args: { meant: "-1000002000001" } }],
    });
    look(relayOf());
    look(relayOf(wrong), { redisAwaySince: NOW });
    expect(open()).toEqual(["unknown:signals"]);
    look(relayOf(reader()));
    expect(open()).toEqual([]);
  },
);

test.each([
  [["@gone_1"], "@gone_1", "alert-unknown-chat-do"],
  [
    ["-100200300", "4712 → -1000000004712"],
    "-100200300, 4712 → -1000000004712",
    "alert-unknown-chat-do",
  ],
  [["4711 → -4711", "4712 → -1000000004712"], "4711, 4712", "alert-unknown-chat-meant"],
])("unknown chats %j are one alert", async (unknownChats, chats, remedy) => {
  const { alerts, look, relayOf } = await world();
  look(relayOf(reader({ unknownChats })));
  expect(
    alerts.allOpen().map(({ body }) => [body.title.args["chats"], body.details[0]?.key]),
  ).toEqual([[chats, remedy]]);
});

test("a route that is off or gone has no unknown chats", async () => {
  const { look, open } = await world();
  const wrong = reader({ unknownChats: ["2000001"] });
  look({ routes: [{ ...route, on: false }], readers: [wrong] });
  expect(open()).toEqual([]);
  look({ routes: [route], readers: [wrong] });
  look({ routes: [], readers: [wrong] });
  expect(open()).toEqual([]);
});
