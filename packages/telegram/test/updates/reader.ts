/** A reading account, for tests of the engine over sockets. */
import { type Clock, systemClock } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";
import type { UpdateTrouble } from "@flotilla/telegram";
import { waitFor } from "@flotilla/testkit";
import { expect } from "vitest";
import { account, newStore, type Watched, watch } from "../kit.ts";
import type { TestWorld } from "../world.ts";

export interface Reader extends Watched {
  readonly phone: string;
  readonly store: SessionStore;
  readonly channel: string;
  readonly friend: string;
  readonly trouble: UpdateTrouble[];
}

/** A connected account with a channel and a friend. */
export async function newReader(
  world: TestWorld,
  timings: object = {},
  clock: Clock = systemClock,
): Promise<Reader> {
  const phone = world.person();
  const friend = world.person();
  const channel = world.sandbox.world.createChannel({ title: "News", members: [friend, phone] }).id;
  const store = await newStore();
  await world.logIn(store, phone);
  const trouble: UpdateTrouble[] = [];
  const watched = watch(
    { ...account(world.server), store, updateTimings: timings, clock },
    { trouble: (each) => void trouble.push(each) },
  );
  watched.connection.start();
  await watched.reached("ready");
  return { ...watched, phone, store, channel, friend, trouble };
}

/** Texts in the inbox, with repeats, without the login code. */
export function texts(store: SessionStore): string[] {
  const rows = store.updates
    .pending(100_000)
    .filter(({ kind, chat }) => kind === "new" && chat !== "777000");
  return rows.map(({ content }) => content?.text ?? "").sort();
}

/** Waits until exactly these texts are in the inbox. */
export async function has({ store }: Reader, wanted: readonly string[]): Promise<void> {
  await waitFor(() => texts(store).length >= wanted.length, {
    timeoutMs: 45_000,
    what: `${wanted.length} messages`,
  });
  expect(texts(store)).toEqual(wanted.toSorted());
}
