/** Quiet chats are checked together, and each gets its own result. */
import { markedChannel } from "@flotilla/kernel";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { Rig } from "./engine-kit.ts";
import { Refusal } from "./model-server.ts";

const CHANNELS = ["5", "6", "7", "8", "9"];
const chatOf = markedChannel;

/**
 * Channels that posted every second, long ago. Two messages of each of `withheld` were not pushed.
 */
async function quietOnes(withheld: readonly string[] = []): Promise<Rig> {
  const rig = await Rig.create({ deafEveryMs: 100_000 });
  for (const channel of CHANNELS) rig.server.join(channel);
  await rig.start();
  for (let n = 0; n < 8; n++) for (const channel of CHANNELS) rig.push(rig.server.post(channel));
  await rig.complete();
  await rig.stop();
  rig.passedMs += 3 * 3_600_000;
  rig.timings.deafEveryMs = 20;
  // The account's difference would report it; only the check of quiet chats finds it.
  rig.server.difference = async ({ date, seq }) => ({ kind: "empty", date, seq });
  rig.server.dialogs = async () => ({ dialogs: [], next: null });
  for (const channel of withheld) for (let n = 0; n < 2; n++) rig.server.post(channel);
  return rig;
}

/** A request for several chats is refused as a whole when one of them is refused. */
function refuse(rig: Rig, chats: readonly string[], text: string): string[][] {
  const asked: string[][] = [];
  const original = rig.server.dialogsOf.bind(rig.server);
  rig.server.dialogsOf = async (of) => {
    asked.push([...of]);
    if (of.some((chat) => chats.includes(chat))) throw new Refusal(text);
    return await original(of);
  };
  return asked;
}

const quiet = (rig: Rig) => rig.trouble.filter(({ kind }) => kind === "quiet");

test(
  "one closed chat among quiet ones: it alone is closed, and of the others what they have is " +
    "fetched and told",
  async () => {
    const rig = await quietOnes(["6", "9"]);
    refuse(rig, [chatOf("7")], "CHANNEL_PRIVATE");
    await rig.start();
    await waitFor(() => quiet(rig).length === 4);
    expect(rig.trouble.filter(({ kind }) => kind === "closed")).toEqual([
      { kind: "closed", chat: chatOf("7"), reason: "CHANNEL_PRIVATE" },
    ]);
    const found = new Map(
      quiet(rig).map((each) => [
        each.kind === "quiet" && each.chat,
        each.kind === "quiet" && each.found,
      ]),
    );
    expect(Object.fromEntries(found)).toEqual({
      [chatOf("5")]: 0,
      [chatOf("6")]: 2,
      [chatOf("8")]: 0,
      [chatOf("9")]: 2,
    });
    await rig.complete();
  },
);

test("two that are refused with unknown errors, and one that is no longer listed", async () => {
  const rig = await quietOnes(["6"]);
  refuse(rig, [chatOf("5"), chatOf("9")], "REFUSED SOMETHING_NEW");
  rig.server.closed.set("8", "CHANNEL_PRIVATE");
  await rig.start();
  await waitFor(() => quiet(rig).length === 2);
  const closed = rig.trouble.flatMap((each) =>
    each.kind === "closed" ? [[each.chat, each.reason]] : [],
  );
  expect(closed.toSorted()).toEqual(
    [
      [chatOf("5"), "SOMETHING_NEW"],
      [chatOf("8"), "CHANNEL_PRIVATE"],
      [chatOf("9"), "SOMETHING_NEW"],
    ].toSorted(),
  );
  expect(
    quiet(rig)
      .map((each) => each.kind === "quiet" && each.chat)
      .toSorted(),
  ).toEqual([chatOf("6"), chatOf("7")].toSorted());
});

test("during a flood wait no chat counts as quiet; they are asked again", async () => {
  const rig = await quietOnes(["5"]);
  const original = rig.server.dialogsOf.bind(rig.server);
  let calls = 0;
  rig.server.dialogsOf = async (of) => {
    calls += 1;
    if (calls <= 2) throw new Refusal("WAIT_1000");
    expect(quiet(rig)).toEqual([]);
    return await original(of);
  };
  await rig.start();
  await waitFor(() => quiet(rig).length === CHANNELS.length);
  await rig.complete();
});

test("one whose messages cannot be fetched holds nothing back from the others", async () => {
  const rig = await quietOnes(["5", "9"]);
  rig.server.onCall = (name, box) => {
    if (box === "5" && name !== "dialogsOf") throw new Refusal("CHANNEL_PRIVATE");
  };
  await rig.start();
  await waitFor(() => quiet(rig).length === 4);
  expect(quiet(rig)).toContainEqual({ kind: "quiet", chat: chatOf("9"), found: 2 });
  expect(rig.trouble).toContainEqual({
    kind: "closed",
    chat: chatOf("5"),
    reason: "CHANNEL_PRIVATE",
  });
});
