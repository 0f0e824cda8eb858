import { RelayStatus } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { RelayBoard } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { counted, edit, gone, pair, tell } from "./pair.ts";
import { aMessage, post, tellRoutes } from "./world.ts";

const TARGET = "-1000000000002";
const photo = { media: { kind: "photo" }, groupedId: "7" };

describe("field fault B5: edits", () => {
  test("thirty edits without a change send nothing, and waiting edits become one", async () => {
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
    await waitFor(() => reader.store.relay.outbox.head("signals") !== null);
    for (let n = 0; n < 30; n++) reader.receive(edit(1, n + 40, `text ${n}`));
    await waitFor(() => reader.store.updates.pendingCount() === 0);
    targets.fault = () => null;
    await counted(reader, "edited");
    expect([targets.posted[0]?.text, edits]).toEqual(["text 29", 1]);
  });
});

describe("field fault B6: a message that matches only after its edit", () => {
  test("is delivered once, at the edit, and counted", async () => {
    const { reader, targets } = await pair({ filter: "btc" });
    reader.receive(post(1, "bct"), post(2, "btc two"));
    await counted(reader, "delivered");
    reader.receive(edit(1, 5, "btc one"));
    await counted(reader, "delivered", 2);
    reader.receive(edit(1, 6, "btc one, mended"));
    await counted(reader, "edited");
    expect(targets.in(TARGET)).toEqual(["btc two", "btc one, mended"]);
    expect(reader.store.relay.outbox.counts("signals")).toMatchObject({ late: 1, matched: 2 });
  });

  test("is not delivered when the route follows no edits or the message was never seen", async () => {
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
  test("are skipped and counted, as the route says; a message that an admin asks for is delivered", async () => {
    const { reader, targets } = await pair({ maxAge: "30m" });
    const old = { ...post(1, "signal of yesterday"), date: Date.now() - 24 * 60 * 60_000 };
    reader.receive(old, post(2, "fresh"));
    await counted(reader, "delivered");
    expect(reader.store.relay.outbox.counts("signals")).toMatchObject({ "too-old": 1 });
    targets.history = [{ ...aMessage(1), date: old.date, text: "signal of yesterday" }];
    reader.relay.backfill("signals", { last: 20 });
    await counted(reader, "delivered", 2);
    expect(targets.in(TARGET)).toEqual(["fresh", "signal of yesterday"]);
  });
});

describe("field fault F13: a dropped message can be delivered later", () => {
  test.each(["the route was removed and put back", "it was dropped"])("%s", async (how) => {
    const { reader, targets, place } = await pair();
    targets.fault = () =>
      new Error(how === "it was dropped" ? "MESSAGE_TOO_LONG" : "SLOWMODE_WAIT_60");
    reader.receive(post(1, "one"));
    if (how === "it was dropped") {
      await waitFor(() => reader.store.relay.outbox.poison("signals", 1).length === 1);
      expect(reader.relay.poison("signals", "drop")).toBe(1);
    } else {
      await waitFor(() => reader.store.relay.outbox.head("signals") !== null);
      await tellRoutes(place, "reader", []);
      await waitFor(() => reader.store.relay.outbox.head("signals") === null);
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

describe("field fault F15: a message that was set aside follows its source", () => {
  async function aside(filter = "") {
    const it = await pair({ filter });
    it.targets.fault = () => new Error("MESSAGE_TOO_LONG");
    return it;
  }

  test("a retry sends the current text and nothing that was deleted", async () => {
    const { reader, targets } = await aside();
    reader.receive(post(1, "one"), post(2, "two"));
    await waitFor(() => reader.store.relay.outbox.poison("signals", 9).length === 2);
    reader.receive(edit(1, 5, "one, mended"), gone(2, 6));
    await waitFor(() => reader.store.updates.pendingCount() === 0);
    targets.fault = () => null;
    expect(reader.relay.poison("signals", "retry")).toBe(1);
    await waitFor(() => targets.posted.length === 1);
    expect(targets.in(TARGET)).toEqual(["one, mended"]);
  });

  test("an album loses its deleted piece and is dropped with its last one", async () => {
    const { reader } = await aside();
    reader.receive(post(1, "caption", photo), post(2, "", photo));
    await waitFor(() => reader.store.relay.outbox.poison("signals", 9)[0]?.pieces.length === 2);
    reader.receive(gone(1, 5));
    await waitFor(() => reader.store.relay.outbox.poison("signals", 9)[0]?.pieces.length === 1);
    reader.receive(gone(2, 6));
    await waitFor(() => reader.store.relay.outbox.poison("signals", 9).length === 0);
  });

  test("an old edit does not overwrite a newer one", async () => {
    const { reader, targets } = await pair();
    reader.receive(post(1, "one"));
    await counted(reader, "delivered");
    targets.onEdit = (text) => {
      if (text === "two") throw new Error("MESSAGE_TOO_LONG");
    };
    reader.receive(edit(1, 5, "two"));
    await waitFor(() => reader.store.relay.outbox.poison("signals", 9).length === 1);
    reader.receive(edit(1, 6, "three"));
    await counted(reader, "edited");
    expect(reader.relay.poison("signals", "retry")).toBe(0);
    expect(targets.in(TARGET)).toEqual(["three"]);
  });
});
