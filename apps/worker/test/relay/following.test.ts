import { AppError } from "@flotilla/kernel";
import { waitFor } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";
import { counted, edit, gone, pair, parked } from "./pair.ts";
import { post } from "./world.ts";

const TARGET = "-1000000000002";
const album = { media: { kind: "photo" }, groupedId: "7" };

describe("an edit or deletion after its message was refused", () => {
  /** The first message is in doubt: refused with an unknown error, without a later one as probe. */
  async function inDoubt() {
    const it = await pair();
    let tries = 0;
    it.targets.fault = () => {
      tries += 1;
      return new Error("SOMETHING_NEW_2027");
    };
    it.reader.receive(post(1, "one"));
    await waitFor(() => tries === 1);
    return it;
  }

  test.each([
    [
      "in doubt is edited: the retry sends the edited text",
      edit(1, 5, "one, mended"),
      ["one, mended"],
    ],
    ["in doubt is deleted: it is not sent", gone(1, 5), []],
  ])("a message %s", async (_what, event, sent) => {
    const { reader, targets } = await inDoubt();
    reader.receive(event);
    await counted(reader, "never-delivered");
    targets.fault = () => null;
    reader.relay.wake("signals");
    reader.receive(post(2, "two"));
    await waitFor(() => targets.in(TARGET).includes("two"));
    expect(targets.in(TARGET)).toEqual([...sent, "two"]);
  });

  test("waits behind a message that is set aside later: a retry does not restore the old text", async () => {
    const { reader, targets, place } = await pair();
    targets.fault = () => new Error("SLOWMODE_WAIT_60");
    reader.receive(post(1, "one"), post(2, "two"));
    await parked(place);
    reader.receive(edit(1, 5, "one, mended"), gone(2, 6), edit(1, 7, "one, at last"));
    await waitFor(() => reader.store.updates.pendingCount() === 0);
    targets.fault = () => new Error("MESSAGE_TOO_LONG");
    reader.relay.wake("signals");
    await counted(reader, "never-delivered", 2);
    targets.fault = () => null;
    expect(reader.relay.poison("signals", "retry")).toBe(1);
    await waitFor(() => targets.posted.length === 1);
    expect(targets.in(TARGET)).toEqual(["one, at last"]);
  });

  test("an accepted edit proves nothing about new messages: the message in doubt is not set aside", async () => {
    const { reader, targets } = await pair();
    reader.receive(post(1, "one"));
    await counted(reader, "delivered");
    targets.fault = (_chat, text) => (text === "two" ? new Error("SOMETHING_NEW_2027") : null);
    reader.receive(post(2, "two"), edit(1, 5, "one, mended"));
    await counted(reader, "edited");
    expect(reader.store.relay.outbox.poison("signals", 9)).toEqual([]);
    targets.fault = () => null;
    reader.relay.wake("signals");
    await counted(reader, "delivered", 2);
    expect(targets.in(TARGET)).toEqual(["one, mended", "two"]);
  });
});

describe("an album", () => {
  test("whose caption is edited before its turn is filtered by the new caption", async () => {
    const { reader, targets, place } = await pair({ filter: "btc" });
    targets.fault = () => new Error("SLOWMODE_WAIT_60");
    reader.receive(post(1, "btc holds the others back"));
    await parked(place);
    reader.receive(post(2, "eth", album), post(3, "", album), edit(2, 5, "btc", album));
    await waitFor(() => reader.store.updates.pendingCount() === 0);
    targets.fault = () => null;
    reader.relay.wake("signals");
    await counted(reader, "delivered", 2);
    expect(targets.in(TARGET)).toEqual(["btc holds the others back", "fwd 2", "fwd 3"]);
  });

  test("that matched also delivers a piece that arrives late", async () => {
    const { reader, targets } = await pair({ filter: "btc" });
    reader.receive(post(1, "btc", album), post(2, "", album));
    await counted(reader, "delivered");
    reader.receive(post(3, "", album));
    await counted(reader, "delivered", 2);
    expect(targets.in(TARGET)).toEqual(["fwd 1", "fwd 2", "fwd 3"]);
  });
});

test(
  "after a wait between two parts of a long text the second answers the first, and an edit " +
    "changes both",
  async () => {
    const { reader, targets } = await pair();
    const words = Array.from({ length: 900 }, (_, n) => `word${n}`).join(" ");
    let calls = 0;
    targets.fault = () => (++calls === 2 ? new Error("SLOWMODE_WAIT_1") : null);
    reader.receive(post(1, words));
    await counted(reader, "delivered");
    expect(targets.posted.map(({ replyTo }) => replyTo)).toEqual([null, 1]);
    reader.receive(edit(1, 5, "short"));
    await counted(reader, "edited");
    expect(targets.in(TARGET)).toEqual(["short"]);
  },
);

test("a message that falls back to a forward has its whole text: later parts are not sent again", async () => {
  const { reader, targets } = await pair();
  reader.receive(post(1, "one"));
  await counted(reader, "delivered");
  targets.onlyForwards.add(2);
  reader.receive(post(2, "x".repeat(2000), { media: { kind: "photo" }, replyTo: 1 }));
  await counted(reader, "delivered", 2);
  expect(targets.in(TARGET)).toEqual(["one", "fwd 2"]);
});

test("a download that fails on a full disk, and whose failure cannot be recorded, is retried", async () => {
  const { reader, targets } = await pair();
  targets.content.set(1, Buffer.from("file"));
  targets.readFault = new Error("surprise");
  const { relay } = reader.store;
  const failed = relay.outbox.failed.bind(relay);
  let refused = 0;
  relay.outbox.failed = () => {
    refused += 1;
    relay.outbox.failed = failed;
    throw new AppError("sqlite-full", "The disk is full.");
  };
  reader.receive(post(1, "with a file", { media: { kind: "document", mime: "text/plain" } }));
  await counted(reader, "delivered");
  expect([refused, targets.uploads.length]).toEqual([1, 1]);
});
