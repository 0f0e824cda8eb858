/**
 * Quiet sources over sockets: the engine asks the server before an alert. Time is the sandbox's.
 */
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { useSandbox } from "../world.ts";
import { has, newReader, type Reader } from "./reader.ts";

const world = useSandbox();
const MINUTE = 60_000;
const NEVER = 1e12;
const ALONE = { deafEveryMs: 50, sweepEveryMs: NEVER, idleMs: NEVER };

const post = ({ channel }: Reader, text: string): number =>
  world.sandbox.world.postToChannel(channel, text);
const pass = (minutes: number): void => world.sandbox.clock.advance(minutes * MINUTE);

/** A reader whose channel posts every minute. */
async function used(): Promise<
  Reader & { readonly chat: string; readonly said: readonly string[] }
> {
  const one = await newReader(world, ALONE, world.sandbox.clock);
  const said = Array.from({ length: 8 }, (_, n) => `every minute ${n}`);
  for (const text of said) {
    post(one, text);
    pass(1);
  }
  await has(one, said);
  return { ...one, said, chat: `-100${one.channel}` };
}

test(
  "a channel whose posts are withheld is asked for after five of its minutes; what it had is " +
    "fetched and told",
  async () => {
    const one = await used();
    world.sandbox.world.faults.updates(one.phone, "gap", 2);
    for (const text of ["held back 1", "held back 2"]) post(one, text);
    const differences = world.sandbox.world.counters()["updates.getDifference"];
    pass(7);
    await has(one, [...one.said, "held back 1", "held back 2"]);
    await waitFor(() => one.trouble.length > 0);
    expect(one.trouble).toEqual([{ kind: "quiet", chat: one.chat, found: 2 }]);
    expect(one.connection.quietChats().chats).toMatchObject([
      { chat: one.chat, found: 2, withheld: false, rhythmMs: MINUTE },
    ]);
    expect(one.connection.updateCounts().sweepFound).toBe(2);
    expect(
      world.sandbox.world.counters()["updates.getDifference"],
      "the chat itself was asked",
    ).toBe(differences);
  },
);

test(
  "a channel that is really silent is asked for, and told of after an hour: nothing newer; " +
    "it is over when it speaks",
  async () => {
    const one = await used();
    const asked = (): number => world.sandbox.world.counters()["messages.getPeerDialogs"] ?? 0;
    const before = asked();
    pass(10);
    await waitFor(() => asked() > before, { what: "the question" });
    expect(one.trouble).toEqual([]);
    pass(60);
    await waitFor(() => one.trouble.length > 0, { what: "the alarm" });
    expect(one.trouble).toEqual([{ kind: "quiet", chat: one.chat, found: 0 }]);
    expect(one.connection.quietChats().chats).toMatchObject([
      { chat: one.chat, found: 0, withheld: false },
    ]);
    post(one, "here again");
    await has(one, [...one.said, "here again"]);
    expect(one.connection.quietChats().chats).toEqual([]);
  },
);
