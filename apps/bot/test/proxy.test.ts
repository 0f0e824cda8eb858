/**
 * A worker's own proxy, from More to the command: what is typed is deleted, sealed, and asked about
 * once more.
 */
import { NO_LINK, newSealKeyPair, sealContext, unseal } from "@flotilla/contracts";
import { StatusWriter } from "@flotilla/queue";
import { expect, onTestFinished, test } from "vitest";
import { handlePress } from "../src/app/presses.ts";
import { handleText } from "../src/app/texts.ts";
import type { Verb } from "../src/kit/button.ts";
import { proxyScreen } from "../src/session/proxy.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ALL_WORDS, ANN, ASKER, HOST, statusOf, WORKER } from "./support.ts";

const PROXY = "socks5://ann:planted-s3cret@proxy.example:1080";

async function prepared(runs = true) {
  const keys = newSealKeyPair();
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.workers.add(WORKER, HOST, "777", 1);
  if (runs) {
    const board = new StatusWriter(fleet.place, () => {});
    onTestFinished(() => board.close());
    const way = { shown: null, own: false, sealTo: keys.publicKey };
    await board.write({ ...statusOf(WORKER), updatedAt: Date.now(), link: { ...NO_LINK, way } });
    await fleet.parts.views.look();
  }
  return { fleet, keys };
}

async function press(
  fleet: Fleet,
  verb: Verb,
  arg = "",
  chat = "777",
): Promise<string | undefined> {
  let said: string | undefined;
  const message = (await fleet.bot.api.sendMessage(777, "card")).message_id;
  const toast = async (text?: { key: string }): Promise<void> => {
    said = text?.key;
  };
  const who = { id: `press-0000${message}`, role: "owner" as const, admin: ANN };
  await handlePress(fleet.parts, {
    ...who,
    press: { verb, about: WORKER, arg },
    asker: ASKER,
    chat,
    message,
    toast,
  });
  return said;
}

async function type(fleet: Fleet, text: string): Promise<number> {
  let erased = 0;
  const erase = async (): Promise<boolean> => {
    erased++;
    return true;
  };
  await handleText(fleet.parts, {
    id: `text-${text.length}`,
    text,
    admin: ANN,
    role: "owner",
    asker: ASKER,
    chat: "777",
    erase,
    reply: async () => {},
  });
  return erased;
}

test(
  "typed, deleted, sealed for the worker alone, confirmed, sent; nothing of it is kept in " +
    "clear",
  async () => {
    const { fleet, keys } = await prepared();
    await press(fleet, "proxy");
    expect(await type(fleet, "what is this")).toBe(1);
    await fleet.waitForBot(777, "cannot read that as a proxy");
    expect(await type(fleet, PROXY)).toBe(1);
    await fleet.waitForBot(
      777,
      /Connect news_1 to Telegram through socks5:\/\/•••@proxy\.example:1080/,
    );
    const screen = fleet.parts.panels.screen("777");
    if (screen?.kind !== "proxy" || !screen.sealed) throw new Error("no confirmation");
    expect(unseal(keys.privateKey, sealContext(WORKER), screen.sealed)).toBe(PROXY);
    expect(await press(fleet, "proxyyes", "1")).toBe("toast-stale");
    expect(fleet.parts.commandLog.latest(WORKER)).toBeNull();
    await press(fleet, "proxy");
    await type(fleet, PROXY);
    const again = fleet.parts.panels.screen("777");
    expect(await press(fleet, "proxyyes", again?.kind === "proxy" ? again.token : "")).toBe(
      "toast-queued",
    );
    expect(fleet.parts.commandLog.latest(WORKER)).toMatchObject({
      verb: "proxy",
      askerName: "Ann",
    });
    const tables = fleet.db.read<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table'",
    );
    for (const { name } of tables)
      expect(JSON.stringify(fleet.db.read(`SELECT * FROM "${name}"`)), name).not.toContain(
        "planted",
      );
    expect(JSON.stringify(await fleet.calls())).not.toContain("planted");
  },
);

test("off needs no process; anything else does, and says so; a group is no place for it", async () => {
  const { fleet } = await prepared(false);
  expect(await press(fleet, "proxy", "", "-100")).toBe("toast-proxy-private");
  await press(fleet, "proxy");
  await type(fleet, PROXY);
  await fleet.waitForBot(777, "Start it first");
  await type(fleet, "off");
  expect(fleet.parts.panels.screen("777")).toMatchObject({
    kind: "proxy",
    shown: null,
    sealed: null,
  });
  for (const words of ALL_WORDS)
    expect(
      proxyScreen(words, { worker: WORKER, shown: null, sealed: null, token: "x" }).keyboard,
    ).toHaveLength(2);
});

test.each([
  ["a line of a list", "203.0.113.7:1080:ann:planted-s3cret", "socks5://•••@203.0.113.7:1080"],
  [
    "an HTTP proxy",
    "http://ann:planted-s3cret@proxy.example:3128",
    "http://•••@proxy.example:3128",
  ],
  [
    "a link in quotes, with marks of direction",
    "\u202A“t.me/socks?server=h.example&port=1080&user=ann&pass=planted”\u202C",
    "socks5://•••@h.example:1080",
  ],
  ["curl's own kind", "socks5h://h.example:1080", "socks5://h.example:1080"],
])("%s is taken as it was copied (field fault C5)", async (_what, text, shown) => {
  const { fleet } = await prepared();
  await press(fleet, "proxy");
  expect(await type(fleet, text)).toBe(1);
  await fleet.waitForBot(777, `to Telegram through ${shown}`);
  expect(JSON.stringify(await fleet.calls())).not.toContain("planted");
});
