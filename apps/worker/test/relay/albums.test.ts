import { RelayStatus, type Route } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { type QueuePlace, RelayBoard, RelayLink } from "@flotilla/queue";
import type { InboxEvent } from "@flotilla/session-store";
import { sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { aMessage, route as aRoute, placeAt, post, type Running, runWorker, Targets, tellRoutes } from "./world.ts";

const TARGET = "-1000000000002";
const photo = { media: { kind: "photo" }, groupedId: "7" };

async function pair(change: Parameters<typeof aRoute>[0] = {}) {
  const [place, dir, targets] = [placeAt((await sharedRedis()).url), await testDir(), new Targets()];
  const reader = runWorker(dir, "reader", place, targets);
  const sender = runWorker(dir, "sender", place, targets);
  onTestFinished(async () => {
    await reader.close();
    await sender.close();
  });
  await tell(place, reader, change);
  return { targets, reader, place };
}

async function tell(place: QueuePlace, reader: Running, change: Parameters<typeof aRoute>[0]): Promise<void> {
  const routes: Route[] = [aRoute(change)];
  await tellRoutes(place, "reader", routes);
  await waitFor(() => reader.store.relay.routes()?.body === JSON.stringify(routes));
}

const counted = (reader: Running, name: string, count = 1) =>
  waitFor(() => reader.store.relay.counts("signals")[name] === count);
const edit = (id: number, version: number, text: string, more = {}): InboxEvent => ({
  ...post(id, text, more),
  kind: "edit",
  version,
});
const gone = (id: number, version: number): InboxEvent => ({ ...post(id, ""), kind: "delete", version, content: null });

describe("field fault F10: an album is judged as one", () => {
  test.each([
    ["its caption on the first piece matches", "btc", ["btc", "", ""], true],
    ["its caption on the last piece matches", "btc", ["", "", "btc"], true],
    ["two captions together match", "btc and eth", ["btc", "eth", ""], true],
    ["what is not wanted is on one piece", "not advert", ["advert", "", ""], false],
    ["nothing matches", "btc", ["eth", "", ""], false],
  ])("%s", async (_name, filter, captions, isTaken) => {
    const { reader, targets } = await pair({ filter });
    for (const [n, text] of captions.entries()) reader.receive(post(n + 1, text, photo));
    await counted(reader, isTaken ? "delivered" : "filtered");
    expect(targets.in(TARGET)).toEqual(isTaken ? ["fwd 1", "fwd 2", "fwd 3"] : []);
    expect(reader.store.relay.counts("signals")).toEqual(isTaken ? { matched: 1, delivered: 1 } : { filtered: 1 });
  });

  test("one alert tells of it, with its caption; what was left out may be asked for when the filter has changed", async () => {
    const { reader, targets, place } = await pair({ filter: "btc", alert: "silent" });
    const alerts: string[] = [];
    const bot = new RelayLink({
      place,
      who: "the bot",
      onError: () => {},
      handle: async (message) => {
        if (message.kind === "delivery" && message.step.kind === "alert") alerts.push(message.step.excerpt);
      },
    });
    bot.start();
    onTestFinished(() => bot.close());
    reader.receive(post(1, "", photo), post(2, "btc", photo), post(3, "eth", { ...photo, groupedId: "8" }));
    await counted(reader, "filtered");
    await waitFor(() => alerts.length === 1);
    expect(alerts).toEqual(["btc"]);
    await tell(place, reader, { filter: "eth" });
    targets.history = [{ ...aMessage(3), text: "eth", groupedId: "8", media: "photo" }];
    reader.relay.backfill("signals", { last: 20 });
    await waitFor(() => targets.in(TARGET).includes("fwd 3"));
  });
});

describe("field fault F11: edits and deletions of an album that became one message", () => {
  /** A webhook and a bot get an album as one text; here the reader stands in for the bot. */
  async function atBot() {
    const it = await pair({ to: { kind: "bot", chat: TARGET } });
    const steps: object[] = [];
    const bot = new RelayLink({
      place: it.place,
      who: "the bot",
      onError: () => {},
      handle: async (message) => {
        if (message.kind !== "delivery") return;
        const { id, key, route, step } = message;
        steps.push(step);
        const ids = step.kind === "send" ? [50] : [];
        await bot.confirm(message.reader, { v: 1, kind: "confirmation", id, key, route, result: { kind: "done", ids, at: 0 } });
      },
    });
    bot.start();
    onTestFinished(() => bot.close());
    it.reader.receive(post(1, "caption", photo), post(2, "", photo), post(3, "", photo));
    await counted(it.reader, "delivered");
    return { ...it, steps };
  }

  test("an edit of a piece without text leaves the text alone", async () => {
    const { reader, steps } = await atBot();
    reader.receive(edit(2, 9, "", { ...photo, media: { kind: "photo", id: "77" } }));
    await counted(reader, "unchanged");
    reader.receive(edit(1, 10, "caption, mended", photo));
    await counted(reader, "edited");
    expect(steps).toMatchObject([
      { kind: "send", text: "caption" },
      { kind: "edit", message: 50, text: "caption, mended" },
    ]);
  });

  test("a deleted photo takes nothing along; the caption goes with its piece, and the message with the last one", async () => {
    const { reader, steps } = await atBot();
    reader.receive(gone(3, 9));
    await counted(reader, "unchanged");
    reader.receive(gone(1, 10));
    await counted(reader, "deleted");
    reader.receive(gone(2, 11));
    await counted(reader, "deleted", 2);
    expect(steps.slice(1)).toMatchObject([
      { kind: "edit", message: 50, text: "https://t.me/c/1/2" },
      { kind: "delete", messages: [50] },
    ]);
  });
});

describe("field fault B5: edits", () => {
  test("thirty edits that change nothing are nothing, and those that wait are one", async () => {
    const { reader, targets } = await pair();
    let edits = 0;
    targets.onEdit = () => {
      edits += 1;
    };
    reader.receive(post(1, "one"));
    await counted(reader, "delivered");
    reader.receive(...Array.from({ length: 30 }, (_, n) => edit(1, n + 2, "one")));
    await counted(reader, "unchanged");
    targets.fault = () => new Error("SLOWMODE_WAIT_1");
    reader.receive(post(2, "holds the others back"));
    await waitFor(() => reader.store.relay.head("signals") !== null);
    for (let n = 0; n < 30; n++) reader.receive(edit(1, n + 40, `text ${n}`));
    await waitFor(() => reader.store.updates.pendingCount() === 0);
    targets.fault = () => null;
    await counted(reader, "edited");
    expect([targets.posted[0]?.text, edits]).toEqual(["text 29", 1]);
  });
});

describe("field fault B6: a message that matches only after its edit", () => {
  test("is delivered at the edit, once, and counted", async () => {
    const { reader, targets } = await pair({ filter: "btc" });
    reader.receive(post(1, "bct"), post(2, "btc two"));
    await counted(reader, "delivered");
    reader.receive(edit(1, 5, "btc one"));
    await counted(reader, "delivered", 2);
    reader.receive(edit(1, 6, "btc one, mended"));
    await counted(reader, "edited");
    expect(targets.in(TARGET)).toEqual(["btc two", "btc one, mended"]);
    expect(reader.store.relay.counts("signals")).toMatchObject({ late: 1, matched: 2 });
  });

  test("not when the route follows no edits, and not when it was never seen", async () => {
    const { reader, targets, place } = await pair({ filter: "btc" });
    reader.receive(edit(90, 5, "btc from years ago"), post(2, "btc"));
    await counted(reader, "delivered");
    await tell(place, reader, { filter: "btc", edits: false });
    reader.receive(post(3, "bct"), edit(3, 6, "btc"), post(4, "btc last"));
    await counted(reader, "delivered", 2);
    expect(targets.in(TARGET)).toEqual(["btc", "btc last"]);
  });
});

describe("field fault B13: messages that are too old when their turn comes", () => {
  test("are left out and counted, as the route says; one that an admin asks for is not", async () => {
    const { reader, targets } = await pair({ maxAge: "30m" });
    const old = { ...post(1, "signal of yesterday"), date: Date.now() - 24 * 60 * 60_000 };
    reader.receive(old, post(2, "fresh"));
    await counted(reader, "delivered");
    expect(reader.store.relay.counts("signals")).toMatchObject({ "too-old": 1 });
    targets.history = [{ ...aMessage(1), date: old.date, text: "signal of yesterday" }];
    reader.relay.backfill("signals", { last: 20 });
    await counted(reader, "delivered", 2);
    expect(targets.in(TARGET)).toEqual(["fresh", "signal of yesterday"]);
  });
});

describe("field fault F13: what was given up is wanted again", () => {
  test.each(["the route was removed and put back", "it was dropped"])("%s", async (how) => {
    const { reader, targets, place } = await pair();
    targets.fault = () => new Error(how === "it was dropped" ? "MESSAGE_TOO_LONG" : "SLOWMODE_WAIT_60");
    reader.receive(post(1, "one"));
    if (how === "it was dropped") {
      await waitFor(() => reader.store.relay.poison("signals", 1).length === 1);
      expect(reader.relay.poison("signals", "drop")).toBe(1);
    } else {
      await waitFor(() => reader.store.relay.head("signals") !== null);
      await tellRoutes(place, "reader", []);
      await waitFor(() => reader.store.relay.head("signals") === null);
      await tell(place, reader, { filter: "one" });
    }
    targets.fault = () => null;
    targets.history = [{ ...aMessage(1), text: "one" }];
    reader.relay.backfill("signals", { last: 20 });
    const board = new RelayBoard(place, () => {});
    onTestFinished(() => board.close());
    await waitFor(() => targets.in(TARGET).length === 1);
    const status = await waitFor(async () => {
      const seen = RelayStatus.safeParse(await board.read(parseWorkerId("reader")));
      return seen.data?.backfill?.state === "done" ? seen.data.backfill : null;
    });
    expect(status).toMatchObject({ taken: 1, known: 0 });
  });
});

describe("field fault F15: what was set aside follows its source", () => {
  async function aside(filter = "") {
    const it = await pair({ filter });
    it.targets.fault = () => new Error("MESSAGE_TOO_LONG");
    return it;
  }

  test("a retry sends the text of now, and nothing of what was deleted", async () => {
    const { reader, targets } = await aside();
    reader.receive(post(1, "one"), post(2, "two"));
    await waitFor(() => reader.store.relay.poison("signals", 9).length === 2);
    reader.receive(edit(1, 5, "one, mended"), gone(2, 6));
    await waitFor(() => reader.store.updates.pendingCount() === 0);
    targets.fault = () => null;
    expect(reader.relay.poison("signals", "retry")).toBe(1);
    await waitFor(() => targets.posted.length === 1);
    expect(targets.in(TARGET)).toEqual(["one, mended"]);
  });

  test("an album loses the piece that is gone, and goes with its last one", async () => {
    const { reader } = await aside();
    reader.receive(post(1, "caption", photo), post(2, "", photo));
    await waitFor(() => reader.store.relay.poison("signals", 9)[0]?.pieces.length === 2);
    reader.receive(gone(1, 5));
    await waitFor(() => reader.store.relay.poison("signals", 9)[0]?.pieces.length === 1);
    reader.receive(gone(2, 6));
    await waitFor(() => reader.store.relay.poison("signals", 9).length === 0);
  });

  test("an old edit is not brought back over a newer one", async () => {
    const { reader, targets } = await pair();
    reader.receive(post(1, "one"));
    await counted(reader, "delivered");
    targets.onEdit = (text) => {
      if (text === "two") throw new Error("MESSAGE_TOO_LONG");
    };
    reader.receive(edit(1, 5, "two"));
    await waitFor(() => reader.store.relay.poison("signals", 9).length === 1);
    reader.receive(edit(1, 6, "three"));
    await counted(reader, "edited");
    expect(reader.relay.poison("signals", "retry")).toBe(0);
    expect(targets.in(TARGET)).toEqual(["three"]);
  });
});
