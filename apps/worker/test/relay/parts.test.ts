/** A long text becomes several messages; edits and deletions reach each one (field fault B2). */
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { counted, edit, gone, pair } from "./pair.ts";
import { post } from "./world.ts";

const SOURCE = "-1000000000001";
const TARGET = "-1000000000002";

/** A text of three messages, each with its own word. */
const three = (a: string, b: string, c: string): string =>
  [a, b, c]
    .map((word) =>
      Array.from({ length: Math.ceil(4000 / (word.length + 1)) }, () => word).join(" "),
    )
    .join("\n");
/** The distinct words of each message in the target. */
const words = (texts: readonly string[]): string[] =>
  texts.map((text) => [...new Set(text.split(/\s+/))].join(" "));

type Pair = Awaited<ReturnType<typeof pair>>;
const shown = ({ targets }: Pair): string[] => words(targets.in(TARGET));

/** Telegram refuses the second of three messages with `code`. */
async function withoutSecond(code: string): Promise<Pair> {
  const it = await pair();
  it.targets.fault = (_chat, text) => (text.startsWith("b1") ? new Error(code) : null);
  it.reader.receive(post(1, three("a1", "b1", "c1")));
  await counted(it.reader, "delivered");
  it.targets.fault = () => null;
  return it;
}

test.each(["MESSAGE_TOO_LONG", "ENTITY_BOUNDS_INVALID", "SOMETHING_NEW_2027"])(
  "a refused part (%s) keeps its place: the others are delivered, it is counted, and an edit retries it",
  async (code) => {
    const it = await withoutSecond(code);
    expect(shown(it)).toEqual(["a1", "c1"]);
    expect(it.reader.store.relay.outbox.counts("signals")["cut"]).toBe(1);
    expect(it.reader.store.relay.outbox.poison("signals", 9)).toEqual([]);
    it.reader.receive(edit(1, 5, three("a2", "b2", "c2")));
    await counted(it.reader, "edited");
    expect(shown(it)).toEqual(["a2", "c2", "b2"]);
    it.reader.receive(gone(1, 6));
    await counted(it.reader, "deleted");
    expect(shown(it)).toEqual([]);
  },
);

test("a deletion deletes the delivered parts when one part was refused", async () => {
  const it = await withoutSecond("MESSAGE_TOO_LONG");
  it.reader.receive(gone(1, 5));
  await counted(it.reader, "deleted");
  expect(shown(it)).toEqual([]);
});

test("a refused first part sets the message aside, and the target has no part of it", async () => {
  const it = await pair();
  it.targets.fault = (_chat, text) =>
    text.startsWith("a1") ? new Error("MESSAGE_TOO_LONG") : null;
  it.reader.receive(post(1, three("a1", "b1", "c1")));
  await counted(it.reader, "poison");
  expect(shown(it)).toEqual([]);
});

test(
  "when a later part fails until its retries are used up, the delivered parts follow edits " +
    "and deletions",
  async () => {
    const it = await pair();
    let tries = 0;
    it.targets.fault = (_chat, text) => {
      if (!text.startsWith("b1")) return null;
      tries += 1;
      return new Error("surprise");
    };
    it.reader.receive(post(1, three("a1", "b1", "c1")));
    for (let n = 1; n <= 5; n++) {
      await waitFor(() => tries === n);
      await waitFor(
        () =>
          it.reader.store.relay.outbox.head("signals")?.attempts === n ||
          it.reader.store.relay.outbox.head("signals") === null,
      );
      it.reader.relay.wake("signals");
    }
    await counted(it.reader, "delivered");
    expect(it.reader.store.relay.outbox.counts("signals")["cut"]).toBe(2);
    it.targets.fault = () => null;
    it.reader.receive(gone(1, 5));
    await counted(it.reader, "deleted");
    expect(shown(it)).toEqual([]);
  },
);

/** Telegram accepted message `n` of three, but its answer was lost: its id is unknown. */
async function untold(n: number): Promise<Pair> {
  const it = await pair();
  it.targets.forgotten = n;
  it.reader.receive(post(1, three("a1", "b1", "c1")));
  await counted(it.reader, "delivered");
  return it;
}

test("an unknown id keeps its place: an edit changes the known parts, each with its own text", async () => {
  const it = await untold(2);
  expect(it.reader.store.relay.map.delivered("signals", SOURCE, 1)?.rest).toEqual(["unknown", 3]);
  it.reader.receive(edit(1, 5, three("a2", "b2", "c2")));
  await counted(it.reader, "edited");
  expect(shown(it)).toEqual(["a2", "b1", "c2"]);
  expect(it.reader.store.relay.outbox.counts("signals")["unreached"]).toBe(1);
  it.reader.receive(edit(1, 6, three("a3", "b3", "c3")));
  await counted(it.reader, "edited", 2);
  expect(shown(it), "also at the next edit").toEqual(["a3", "b1", "c3"]);
  it.reader.receive(gone(1, 7));
  await counted(it.reader, "deleted");
  expect(shown(it)).toEqual(["b1"]);
  expect(it.reader.store.relay.outbox.counts("signals")["unreached"]).toBe(3);
});

test(
  "with an unknown first id a deletion deletes the other parts, an edit changes nothing, " +
    "both are counted",
  async () => {
    const it = await untold(1);
    it.reader.receive(edit(1, 5, three("a2", "b2", "c2")));
    await counted(it.reader, "unreached");
    expect(shown(it)).toEqual(["a1", "b1", "c1"]);
    it.reader.receive(gone(1, 6));
    await counted(it.reader, "deleted");
    expect(shown(it)).toEqual(["a1"]);
    expect(it.reader.store.relay.outbox.counts("signals")["unreached"]).toBe(2);
  },
);

test("a part that was deleted by hand in the target is counted; an edit changes the others", async () => {
  const it = await pair();
  it.reader.receive(post(1, three("a1", "b1", "c1")));
  await counted(it.reader, "delivered");
  it.targets.onEdit = (text) => {
    if (text.startsWith("b2")) throw new Error("MESSAGE_ID_INVALID");
  };
  it.reader.receive(edit(1, 5, three("a2", "b2", "c2")));
  await counted(it.reader, "edited");
  expect(shown(it)).toEqual(["a2", "b1", "c2"]);
  expect(it.reader.store.relay.outbox.counts("signals")["unreached"]).toBe(1);
});

test(
  "in an album with two long captions each has its own parts: an edit of one does not change " +
    "the other",
  async () => {
    const it = await pair();
    const photo = (text: string) => ({ media: { kind: "photo" }, groupedId: "7", text });
    const long = (word: string, count: number): string =>
      Array.from({ length: count }, () => word).join(" ");
    for (const id of [11, 12]) it.targets.content.set(id, Buffer.from("picture"));
    it.reader.receive(
      post(11, long("aa", 500), photo(long("aa", 500))),
      post(12, long("bb", 500), photo(long("bb", 500))),
    );
    await counted(it.reader, "delivered");
    expect(shown(it)).toEqual(["aa", "bb", "aa", "bb"]);
    it.reader.receive(edit(11, 5, long("cc", 1800), photo(long("cc", 1800))));
    await counted(it.reader, "edited");
    expect(shown(it)).toEqual(["cc", "bb", "cc", "bb", "cc"].slice(0, shown(it).length));
    it.reader.receive(edit(12, 6, long("dd", 500), photo(long("dd", 500))));
    await counted(it.reader, "edited", 2);
    expect(shown(it).filter((word) => word === "dd")).toHaveLength(2);
    expect(shown(it)).not.toContain("bb");
  },
);
