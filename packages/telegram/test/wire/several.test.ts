/**
 * Several objects of a later layer in one answer cost only themselves, wherever they are (field
 * fault A2).
 */
import bigInt from "big-integer";
import { Api } from "telegram";
import { expect, test } from "vitest";
import { Unreadable } from "../../src/wire/agree.ts";
import { readTolerantly } from "../../src/wire/tolerant.ts";
import { numbersFrom } from "./random-tl.ts";

type Below = (limit: number) => number;
interface Place {
  getBytes(): Buffer;
}

function int32(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32LE(value >>> 0);
  return four;
}

function message(id: number, below: Below): Api.Message {
  const person = new Api.PeerUser({ userId: bigInt(1000 + below(1000)) });
  const chat = below(2)
    ? new Api.PeerChat({ chatId: bigInt(77) })
    : new Api.PeerChannel({ channelId: bigInt(88 + below(9)) });
  const bold = new Api.MessageEntityBold({ offset: 0, length: 3 });
  const geo = new Api.GeoPoint({ long: 1, lat: 2, accessHash: bigInt(5) });
  return new Api.Message({
    id,
    date: 1_700_000_000 + id,
    message: `message ${id} ${"x".repeat(below(40))}`,
    peerId: chat,
    fromId: person,
    ...(below(2)
      ? { entities: [bold, new Api.MessageEntityItalic({ offset: 1, length: 3 })] }
      : {}),
    ...(below(3) === 0 ? { media: new Api.MessageMediaGeo({ geo }) } : {}),
  });
}

function difference(below: Below): Api.updates.Difference {
  const several = <T>(count: number, make: (n: number) => T): T[] =>
    Array.from({ length: count }, (_, n) => make(n));
  const photo = new Api.ChatPhotoEmpty();
  return new Api.updates.Difference({
    newMessages: several(12, (n) => message(100 + n, below)),
    newEncryptedMessages: [],
    otherUpdates: several(
      3,
      (n) =>
        new Api.UpdateUserStatus({
          userId: bigInt(n),
          status: new Api.UserStatusOnline({ expires: 5 }),
        }),
    ),
    chats: several(
      3,
      (n) =>
        new Api.Chat({
          id: bigInt(77 + n),
          title: "Group",
          photo,
          participantsCount: 3,
          date: 5,
          version: 1,
        }),
    ),
    users: several(
      5,
      (n) => new Api.User({ id: bigInt(1000 + n), firstName: "Ann", accessHash: bigInt(999) }),
    ),
    state: new Api.updates.State({ pts: 5, qts: 1, date: 5, seq: 1, unreadCount: 0 }),
  });
}

/** Bytes that replace an object in a later layer. */
function later(bytes: Buffer, below: Below): Buffer {
  const [id, body] = [int32(0xf10711a0 + below(8)), bytes.subarray(4)];
  const noise = Buffer.concat(Array.from({ length: below(6) }, () => int32(below(100))));
  return [Buffer.concat([id, body]), Buffer.concat([id, noise]), Buffer.concat([id, noise, body])][
    below(3)
  ] as Buffer;
}

const essence = ({ id, message: text, peerId, date }: Api.Message): string =>
  JSON.stringify([id, text, peerId.className, peerId.originalArgs, date]);

type Pick = (answer: Api.updates.Difference) => readonly unknown[];
const messages = (answer: Api.updates.Difference): Api.Message[] =>
  answer.newMessages as Api.Message[];
const PLACES: Readonly<Record<string, Pick>> = {
  users: ({ users }) => users,
  chats: ({ chats }) => chats,
  "other updates": ({ otherUpdates }) => otherUpdates,
  messages,
  entities: (answer) => messages(answer).flatMap(({ entities }) => entities ?? []),
  media: (answer) => messages(answer).flatMap(({ media }) => media ?? []),
  senders: (answer) => messages(answer).flatMap(({ fromId }) => fromId ?? []),
};
const all: Pick = (answer) => Object.values(PLACES).flatMap((pick) => pick(answer));

/**
 * An answer with one, two, three or five objects of a later layer: its readable messages that are
 * missing.
 */
function missing(pick: Pick, seed: number): string[] {
  const below = numbersFrom(seed);
  const answer = difference(below);
  const wanted = new Map(messages(answer).map((each) => [each as Place, essence(each)]));
  const places = [...pick(answer)] as Place[];
  for (let left = [1, 2, 3, 5][seed % 4] ?? 1; left > 0 && places.length > 0; left--) {
    const [place] = places.splice(below(places.length), 1) as [Place];
    const bytes = later(place.getBytes(), below);
    place.getBytes = () => bytes;
    wanted.delete(place);
  }
  const found = readTolerantly(answer.getBytes(), { type: "updates.Difference", isVector: false });
  const read: unknown[] = messages(found?.value as Api.updates.Difference);
  expect(read, `seed ${seed}`).toHaveLength(12);
  const readable = read
    .filter((each) => !(each instanceof Unreadable))
    .map((each) => essence(each as Api.Message));
  const there = new Set(readable);
  expect(readable, "in their order, and nothing that is not so").toEqual(
    [...wanted.values()].filter((each) => there.has(each)),
  );
  return [...wanted.values()].filter((each) => !there.has(each));
}

const SEEDS = Array.from({ length: 60 }, (_, n) => n + 1);

test.each(Object.entries(PLACES))(
  "unknown %s at random places cost no readable message",
  (_what, pick) => {
    for (const seed of SEEDS) expect(missing(pick, seed), `seed ${seed}`).toEqual([]);
  },
);

test(
  "unknown objects of all these kinds cost hardly ever a readable message: where two of them " +
    "touch, one may not show its end",
  () => {
    const lost = SEEDS.flatMap((seed) => missing(all, seed));
    expect(lost.length).toBeLessThanOrEqual(SEEDS.length / 10);
  },
);
