import { planNew } from "@flotilla/relay";
import type { InboxRow } from "@flotilla/session-store";
import { waitFor } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";
import { toSourceMessage } from "../../src/relay/source-message.ts";
import { counted, pair } from "./pair.ts";
import { route as aRoute, content, post } from "./world.ts";

const SOURCE = "-1000000000001";
const NO_ENTITIES = { entities: { byId: () => null } } as never;
const TARGET = "-1000000000002";

test(
  "field fault F12: when an album loses a photo before it is forwarded, each other photo " +
    "maps to its own copy",
  async () => {
    const { reader, targets } = await pair({ action: { kind: "forward" } });
    targets.gone.add(2);
    const photo = { media: { kind: "photo" }, groupedId: "7" };
    reader.receive(post(1, "caption", photo), post(2, "", photo), post(3, "", photo));
    await waitFor(() => reader.store.relay.outbox.counts("signals")["delivered"] === 1);
    const copies = [1, 2, 3].map(
      (id) => reader.store.relay.map.delivered("signals", SOURCE, id)?.message,
    );
    const found = copies.map((id) => targets.posted.find((it) => it.id === id)?.from ?? null);
    expect(found).toEqual([1, null, 3]);
    reader.receive({ ...post(2, ""), kind: "delete", version: 9, content: null });
    reader.receive({ ...post(3, ""), kind: "delete", version: 10, content: null });
    await waitFor(() => targets.in(TARGET).length === 1);
    expect(targets.in(TARGET)).toEqual(["fwd 1"]);
  },
);

test(
  "field fault B1: a message that can only be forwarded is forwarded without the message it " +
    "answers",
  async () => {
    const { reader, targets } = await pair();
    targets.onlyForwards.add(2);
    reader.receive(post(1, "first"), post(2, "", { media: { kind: "poll" }, replyTo: 1 }));
    reader.receive(post(3, "photo", { media: { kind: "photo" }, replyTo: 1 }));
    await waitFor(() => targets.posted.length === 3);
    expect(targets.posted.map(({ from, replyTo }) => [from, replyTo])).toEqual([
      [null, null],
      [2, null],
      [3, 1],
    ]);
    await counted(reader, "delivered", 3);
    expect(reader.store.relay.outbox.counts("signals")["no-reply"], "the card counts it").toBe(1);
  },
);

describe("a photo whose text is longer than an account without Premium may write (field fault B2)", () => {
  const caption = `${"word ".repeat(400)}STOPLOSS=42`;

  test("is forwarded whole where Telegram takes it", async () => {
    const { reader, targets } = await pair();
    reader.receive(post(3, caption, { media: { kind: "photo" } }));
    await counted(reader, "delivered");
    expect(targets.posted.map(({ from, text }) => [from, text])).toEqual([[3, "fwd 3"]]);
    expect(reader.store.relay.outbox.counts("signals")).not.toHaveProperty("no-reply");
  });

  test(
    "is sent with as much of it as fits where Telegram does not, and the rest follows; edits " +
      "and deletions reach both",
    async () => {
      const { reader, targets } = await pair();
      targets.fault = (_chat, text) =>
        text.startsWith("fwd") ? new Error("MEDIA_CAPTION_TOO_LONG") : null;
      reader.receive(post(3, caption, { media: { kind: "photo" } }));
      await counted(reader, "delivered");
      const [photo, rest] = targets.posted;
      expect([photo?.from, rest?.from, rest?.replyTo]).toEqual([3, null, photo?.id]);
      expect(photo?.text.length).toBeLessThanOrEqual(1024);
      expect(`${photo?.text} ${rest?.text}`).toBe(caption);
      reader.receive({ ...post(3, ""), kind: "delete", version: 9, content: null });
      await counted(reader, "deleted");
      expect(targets.in(TARGET)).toEqual([]);
    },
  );
});

describe("field fault B2: a text that is too long for one message", () => {
  const long = (last: string, count = 1200): string => `${"word ".repeat(count)}${last}`;
  const isDelivered = (
    { reader }: Awaited<ReturnType<typeof pair>>,
    name = "delivered",
    count = 1,
  ) => waitFor(() => reader.store.relay.outbox.counts("signals")[name] === count);

  test("continues in an answer to the first part, before the next message", async () => {
    const it = await pair({ action: { kind: "copy", template: "📣 {source}: {text}" } });
    it.targets.lost = 1;
    it.reader.receive(post(1, long("STOPLOSS=42")), post(2, "next"));
    await isDelivered(it, "delivered", 2);
    const [first, rest, next] = it.targets.posted;
    expect(`${first?.text} ${rest?.text}`).toContain(long("STOPLOSS=42"));
    expect(
      [first?.text.length, rest?.text.length].every(
        (length) => length !== undefined && length <= 4096,
      ),
    ).toBe(true);
    expect(next?.text).toContain("next");
    expect(it.targets.posted).toHaveLength(3);
  });

  test("an edit changes all parts, adds or removes some, and a deletion deletes all", async () => {
    const it = await pair();
    const edit = (version: number, text: string) => ({
      ...post(1, text),
      kind: "edit" as const,
      version,
    });
    it.reader.receive(post(1, long("one")));
    await isDelivered(it);
    expect(it.targets.posted.map(({ replyTo }) => replyTo)).toEqual([
      null,
      it.targets.posted[0]?.id,
    ]);
    it.reader.receive(edit(2, long("two")));
    await isDelivered(it, "edited", 1);
    expect(it.targets.in(TARGET).join(" ")).toBe(long("two"));
    it.reader.receive(edit(3, "short"));
    await isDelivered(it, "edited", 2);
    expect(it.targets.in(TARGET)).toEqual(["short"]);
    it.reader.receive(edit(4, long("three", 2000)));
    await isDelivered(it, "edited", 3);
    expect(it.targets.in(TARGET).join(" ")).toBe(long("three", 2000));
    const { relay } = it.reader.store;
    const copied = relay.map.delivered("signals", SOURCE, 1);
    expect(copied?.rest).toHaveLength(2);
    expect(
      relay.map.isDelivery([TARGET], Number(copied?.rest[1])),
      "a later part counts as a delivery",
    ).toBe(true);
    it.reader.receive({ ...post(1, ""), kind: "delete", version: 5, content: null });
    await isDelivered(it, "deleted");
    expect(it.targets.in(TARGET)).toEqual([]);
  });

  test("a caption of a file that is uploaded keeps its end", async () => {
    const it = await pair();
    it.targets.content.set(1, Buffer.from("bytes"));
    it.reader.receive(post(1, long("end", 400), { media: { kind: "document" } }));
    await isDelivered(it);
    const [upload, rest] = it.targets.posted;
    expect([upload?.by, rest?.replyTo]).toEqual(["upload", upload?.id]);
    expect(upload?.text.length).toBeLessThanOrEqual(1024);
    expect(`${upload?.text} ${rest?.text}`).toBe(long("end", 400));
  });

  test("a webhook gets the text in one piece", () => {
    const webhook = aRoute({ to: { kind: "webhook", url: "http://127.0.0.1:1/" } });
    const message = toSourceMessage(NO_ENTITIES, post(1, "") as InboxRow, content(long("end")));
    expect(planNew(webhook, [message], () => null)).toMatchObject({
      step: { kind: "send", text: long("end") },
    });
  });
});
