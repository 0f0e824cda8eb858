import bigInt from "big-integer";
import { Api } from "telegram";
import { BinaryReader } from "telegram/extensions/BinaryReader.js";
import { expect, test } from "vitest";
import { Unreadable } from "../../src/wire/agree.ts";
import { Lines } from "../../src/wire/lines.ts";
import { readAnswer, readTolerantly } from "../../src/wire/tolerant.ts";
import { numbersFrom, RandomTl, type Spot, type Written } from "./random-tl.ts";

const lines = new Lines();
const WHOLE: readonly (readonly [type: string, name: string])[] = [
  ["updates.Difference", "Difference"],
  ["updates.Difference", "DifferenceSlice"],
  ["updates.ChannelDifference", "ChannelDifference"],
  ["Updates", "Updates"],
  ["Updates", "UpdatesCombined"],
  ["messages.Messages", "ChannelMessages"],
  ["messages.Dialogs", "DialogsSlice"],
];

function int32(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32LE(value >>> 0);
  return four;
}

/** Possible bytes of an object of a later layer. */
function later(bytes: Buffer, { start, end }: Spot, below: (limit: number) => number): Buffer {
  const id = int32(0xf10711a0 + below(8));
  const body = bytes.subarray(start + 4, end);
  const noise = Buffer.concat(
    Array.from({ length: below(20) }, () => int32(below(2) ? below(2 ** 31) : below(100))),
  );
  return [
    id,
    Buffer.concat([id, body]),
    Buffer.concat([id, noise]),
    Buffer.concat([id, noise, body]),
  ][below(4)] as Buffer;
}

function spliced({ bytes }: Written, spot: Spot, into: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, spot.start), into, bytes.subarray(spot.end)]);
}

type Thing = {
  readonly className?: string;
  readonly originalArgs?: Record<string, unknown>;
  equals?(other: unknown): boolean;
};

/** Parts of `whole` that are missing in `read`; throws when `read` contains anything else. */
function missing(read: unknown, whole: unknown, at = ""): string[] {
  if (read instanceof Unreadable) return [at];
  if (Array.isArray(read) && Array.isArray(whole)) {
    const readable = read.filter((each) => !(each instanceof Unreadable));
    return missingOf(readable, whole, at);
  }
  if (read === null && whole !== null) return [at];
  if (typeof read !== "object" || read === null || Buffer.isBuffer(read)) {
    expect(read, at).toEqual(whole);
    return [];
  }
  const [mine, theirs] = [read as Thing, whole as Thing];
  if (mine.className === undefined || !mine.originalArgs) {
    expect(String(read), at).toBe(String(whole));
    return [];
  }
  if (mine.className !== theirs.className && Object.keys(mine.originalArgs).length === 0)
    return [at];
  expect(mine.className, at).toBe(theirs.className);
  return Object.entries(mine.originalArgs).flatMap(([name, value]) =>
    missing(
      value,
      theirs.originalArgs?.[name] ?? (value === false ? false : null),
      `${at}.${name}`,
    ),
  );
}

/**
 * Elements left out of a list: the rest must be in order. Of several alignments, the one that
 * misses least.
 */
function missingOf(
  read: readonly unknown[],
  whole: readonly unknown[],
  at: string,
  index = 0,
): string[] {
  if (whole.length - index < read.length) throw new Error(`${at} has something of its own`);
  if (index === whole.length) return [];
  const here = `${at}[${index}]`;
  const without = attempt(() => [here, ...missingOf(read, whole, at, index + 1)]);
  const rest =
    read.length > 0 ? attempt(() => missingOf(read.slice(1), whole, at, index + 1)) : null;
  const first = rest && attempt(() => missing(read[0], whole[index], here));
  const withIt = rest && first ? [...first, ...rest] : null;
  const best = withIt && (!without || withIt.length <= without.length) ? withIt : without;
  if (!best) throw new Error(`${at} has something of its own`);
  return best;
}

function attempt(work: () => string[]): string[] | null {
  try {
    return work();
  } catch {
    return null;
  }
}

interface Tried {
  /** Paths of the missing parts. */
  readonly missing: readonly string[];
  readonly isNull: boolean;
  /** True = the replaced object was the position itself, or one of the envelope. */
  readonly isVital: boolean;
}

/** A random answer in which `count` objects are of a later layer. */
function tried(seed: number, count: number): Tried {
  const below = numbersFrom(seed);
  const [type, name] = WHOLE[below(WHOLE.length)] as (typeof WHOLE)[number];
  const written = new RandomTl(lines, below).object(type, name);
  const whole = new BinaryReader(written.bytes).tgReadObject();
  let { bytes } = written;
  let spots = written.spots.filter(({ start }) => start > 0);
  let isVital = false;
  for (let left = count; left > 0 && spots.length > 0; left--) {
    const spot = spots[below(spots.length)] as Spot;
    isVital ||= spot.type === "updates.State";
    bytes = spliced({ bytes, spots }, spot, later(bytes, spot, below));
    // Only objects before it, outside of it, are still at their place.
    spots = spots.filter(({ end }) => end <= spot.start);
  }
  const found = readTolerantly(bytes, { type, isVector: false });
  return { missing: found ? missing(found.value, whole) : [], isNull: found === null, isVital };
}

test("what needs no tolerance is read as the library reads it", () => {
  for (let seed = 1; seed <= 60; seed++)
    expect(tried(seed, 0)).toMatchObject({ missing: [], isNull: false });
});

test(
  "one object of a later layer costs itself, or what cannot be without it; nothing is ever " +
    "read that is not there",
  () => {
    let [lost, more] = [0, 0];
    for (let seed = 1; seed <= 250; seed++) {
      const { missing: gone, isNull, isVital } = tried(seed, 1);
      if (isNull && !isVital) lost += 1;
      if (gone.length > 1) more += 1;
    }
    expect({ lost, more }).toEqual({ lost: 0, more: 0 });
  },
);

test("several of them: nothing is ever read that is not there, and hardly ever is all lost", () => {
  let lost = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const { isNull, isVital } = tried(seed, 2 + (seed % 4));
    if (isNull && !isVital) lost += 1;
  }
  expect(lost).toBeLessThan(10);
});

const message = (id: number, more: object = {}): Api.Message =>
  new Api.Message({
    id,
    peerId: new Api.PeerUser({ userId: bigInt(7) }),
    date: 1,
    message: `m${id}`,
    ...more,
  });
const user = (id: number): Api.User => new Api.User({ id: bigInt(id), firstName: "Ann" });
const later4 = { getBytes: () => int32(0x0badf00d) };
const later40 = { getBytes: () => Buffer.concat([int32(0xfeedface), Buffer.alloc(36, 7)]) };

interface Parts {
  newMessages?: unknown[];
  otherUpdates?: unknown[];
  users?: unknown[];
  chats?: unknown[];
}

function difference(parts: Parts): Buffer {
  const state = new Api.updates.State({ pts: 9, qts: 1, date: 1, seq: 1, unreadCount: 0 });
  const empty = {
    newMessages: [],
    newEncryptedMessages: [],
    otherUpdates: [],
    users: [],
    chats: [],
  };
  return new Api.updates.Difference({ ...empty, ...parts, state } as never).getBytes();
}

function read(bytes: Buffer): Api.updates.Difference | null {
  const found = readAnswer(
    bytes,
    new Api.updates.GetDifference({ pts: 1, date: 1, qts: 1 }).CONSTRUCTOR_ID,
  );
  return (found?.value as Api.updates.Difference | undefined) ?? null;
}

const texts = (found: Api.updates.Difference | null): string[] | undefined =>
  found?.newMessages.map((each) =>
    each instanceof Unreadable ? "?" : (each as Api.Message).message,
  );
const eleven = Array.from({ length: 11 }, (_, index) => message(index + 1));
const names = eleven.map((each) => each.message);

test.each([
  [
    "one unknown user beside eleven messages",
    difference({ newMessages: eleven, users: [later40] }),
    names,
  ],
  [
    "an unknown user between others",
    difference({ newMessages: eleven, users: [user(1), later4, user(2)] }),
    names,
  ],
  ["an unknown chat", difference({ newMessages: eleven, chats: [later40] }), names],
  [
    "all users and all chats",
    difference({ newMessages: eleven, users: [later4, later40], chats: [later40, later4] }),
    names,
  ],
  ["an unknown update", difference({ newMessages: eleven, otherUpdates: [later40] }), names],
  ["the first message", difference({ newMessages: [later4, ...eleven] }), ["?", ...names]],
  [
    "the last message",
    difference({ newMessages: [...eleven, later40], users: [user(1)] }),
    [...names, "?"],
  ],
  [
    "every second message",
    difference({ newMessages: eleven.flatMap((each) => [each, later40]) }),
    names.flatMap((n) => [n, "?"]),
  ],
  [
    "three in a row",
    difference({ newMessages: [message(1), later40, later4, later40, message(2)] }),
    ["m1", "?", "?", "?", "m2"],
  ],
])("%s of a later layer: whatever can be read is read", (_what, bytes, wanted) => {
  expect(texts(read(bytes))).toEqual(wanted);
});

test("inside a message: the text stays, the media is called unsupported, an entity is left out", () => {
  const entity = new Api.MessageEntityBold({ offset: 0, length: 1 });
  const odd = [
    message(1, { media: later40 }),
    message(2, { entities: [entity, later4, entity] }),
    message(3, { media: later4, entities: [later40], replyMarkup: undefined }),
  ];
  const found = read(difference({ newMessages: odd, users: [user(1)] }));
  expect(texts(found)).toEqual(["m1", "m2", "m3"]);
  const [first, second] = (found?.newMessages ?? []) as Api.Message[];
  expect(first?.media).toBeInstanceOf(Api.MessageMediaUnsupported);
  expect(second?.entities).toHaveLength(2);
});

test(
  "a text behind an object of a later layer is taken when that is the only one, as then " +
    "nothing else can be meant",
  () => {
    const behind = message(1, { fwdFrom: later40, views: 5, forwards: 1 });
    expect(texts(read(difference({ newMessages: [behind, message(2)] })))).toEqual(["m1", "m2"]);
    const sender = Object.assign(message(1), { fromId: later4 });
    expect(texts(read(difference({ newMessages: [sender, message(2)] })))).toEqual(["m1", "m2"]);
    const named = {
      getBytes: () =>
        Buffer.concat([int32(0x0badf00d), new Api.PeerUser({ userId: bigInt(8) }).getBytes()]),
    };
    const odd = Object.assign(message(1), { fromId: named });
    expect(
      texts(read(difference({ newMessages: [odd, message(2)] }))),
      "whose chat may be named in what is not known",
    ).toEqual(["?", "m2"]);
  },
);

test("a message whose chat cannot be read is no message", () => {
  const found = read(
    difference({ newMessages: [message(1), message(2, { peerId: later4 }), message(3)] }),
  );
  expect(texts(found)).toEqual(["m1", "?", "m3"]);
});

test(
  "a position that cannot be read, an answer that is cut short, and one that is too much are " +
    "not guessed at",
  () => {
    const bytes = difference({ newMessages: eleven, users: [later4] });
    expect(read(bytes.subarray(0, -4))).toBeNull();
    expect(read(Buffer.concat([bytes, int32(0)]))).toBeNull();
    expect(read(Buffer.concat([int32(0x0badf00d), bytes]))).toBeNull();
    const noise = Buffer.alloc(200_000, 3);
    const began = performance.now();
    read(Buffer.concat([bytes.subarray(0, -24), noise, bytes.subarray(-24)]));
    expect(performance.now() - began).toBeLessThan(5000);
  },
);
