import { openSession } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import bigInt from "big-integer";
import { Api } from "telegram";
import { expect, onTestFinished, test } from "vitest";
import { GramJsSession } from "../src/link/gramjs-session.ts";
import { toEnvelope } from "../src/updates/decode.ts";
import { messageEvent } from "../src/wire/content.ts";
import { markedId } from "../src/wire/marked.ts";
import { inputPeer } from "../src/wire/peers.ts";
import { fleetKey } from "./kit.ts";

const id = bigInt("12345678901");
const MARKED = "-1012345678901";

function channel(more: Partial<ConstructorParameters<typeof Api.Channel>[0]> = {}): Api.Channel {
  const photo = new Api.ChatPhotoEmpty();
  return new Api.Channel({
    id,
    accessHash: bigInt(7),
    title: "Eleven digits",
    date: 1,
    photo,
    broadcast: true,
    ...more,
  });
}

async function newSession() {
  const store = openSession({ dir: await testDir(), name: "w1", fleetKey });
  onTestFinished(() => store.close());
  return {
    store,
    session: new GramJsSession(store, { host: "127.0.0.1", port: 1, dcId: 2 } as never, () => {}),
  };
}

test("everything that names a channel of eleven digits names it in one form", async () => {
  const { store, session } = await newSession();
  session.processEntities({ users: [], chats: [channel()] });
  expect(store.entities.all().map((row) => row.id)).toEqual([MARKED]);
  const named = [
    channel(),
    new Api.PeerChannel({ channelId: id }),
    new Api.InputPeerChannel({ channelId: id, accessHash: bigInt(7) }),
    new Api.InputChannel({ channelId: id, accessHash: bigInt(7) }),
    new Api.ChannelForbidden({ id, accessHash: bigInt(7), title: "x" }),
  ];
  expect(named.map(markedId)).toEqual(named.map(() => MARKED));
  const message = new Api.Message({
    id: 5,
    peerId: new Api.PeerChannel({ channelId: id }),
    date: 1,
    message: "hello",
  });
  expect(messageEvent(message, "new", { chats: [] })).toMatchObject({
    chat: MARKED,
    box: "12345678901",
  });
  expect(inputPeer(store, MARKED)).toMatchObject({ className: "InputPeerChannel", channelId: id });
});

test("a basic group whose number begins with 100 is a basic group", async () => {
  const { store } = await newSession();
  const peer = inputPeer(store, "-1001234567");
  expect(peer).toMatchObject({ className: "InputPeerChat", chatId: bigInt("1001234567") });
  expect(markedId(new Api.PeerChat({ chatId: bigInt("1001234567") }))).toBe("-1001234567");
});

test(
  "what is learned of a chat's protection stays, and a file that says nothing of it does not " +
    "undo it",
  async () => {
    const { store, session } = await newSession();
    const learn = (noforwards: boolean): boolean | null | undefined => {
      session.processEntities({ users: [], chats: [channel({ noforwards })] });
      return store.entities.byId(MARKED)?.protected;
    };
    expect(learn(true)).toBe(true);
    store.entities.upsert([
      { id: MARKED, hash: "7", username: null, phone: null, name: "From a file" },
    ]);
    expect(store.entities.byId(MARKED)).toMatchObject({ name: "From a file", protected: true });
    session.processEntities({ users: [], chats: [channel({ min: true, noforwards: false })] });
    expect(store.entities.byId(MARKED)?.protected, "a min channel says nothing").toBe(true);
    expect(learn(false)).toBe(false);
  },
);

test(
  "a short message is whole only when its sender and its group are known; else the " +
    "difference is asked",
  () => {
    const short = new Api.UpdateShortChatMessage({
      id: 5,
      fromId: bigInt(11),
      chatId: bigInt(22),
      message: "hello",
      pts: 2,
      ptsCount: 1,
      date: 1,
    });
    const kinds = (...known: string[]): string[] => {
      const envelope = toEnvelope(short, (chat) => known.includes(chat));
      return envelope?.kind === "updates" ? envelope.updates.map(({ kind }) => kind) : [];
    };
    expect([kinds(), kinds("11"), kinds("-22"), kinds("11", "-22")]).toEqual([
      ["incomplete"],
      ["incomplete"],
      ["incomplete"],
      ["box"],
    ]);
  },
);
