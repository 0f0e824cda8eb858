import type { Api, TelegramClient } from "telegram";
import { onTestFinished } from "vitest";
import {
  type LocalTelegram,
  type LocalTelegramServer,
  type MtprotoOptions,
  startTelegram,
} from "../../../src/mtproto/index.ts";
import { MovableClock } from "../../../src/world/clock.ts";
import { gramjsClient } from "./gramjs.ts";

/** API credentials of all test clients; the sandbox takes any. */
export const API_ID = 12_345;
export const API_HASH = "0123456789abcdef0123456789abcdef";

export interface Stage {
  readonly telegram: LocalTelegramServer;
  readonly clock: MovableClock;
  readonly log: string[];
}

/** A local Telegram for one test, closed after it. */
export async function stage(options: Partial<MtprotoOptions> = {}): Promise<Stage> {
  const clock = new MovableClock();
  const log: string[] = [];
  const telegram = await startTelegram({ clock, log: (line) => void log.push(line), ...options });
  onTestFinished(() => telegram.close());
  return { telegram, clock, log };
}

/** A connected GramJS client. */
export async function connected(
  telegram: LocalTelegram,
  options: Parameters<typeof gramjsClient>[1] = {},
): Promise<TelegramClient> {
  const client = gramjsClient(telegram, options);
  if (!(await client.connect())) throw new Error("GramJS could not connect");
  return client;
}

/** A GramJS client that is logged in to `phone` by code (and password). */
export async function loggedIn(
  telegram: LocalTelegram,
  phone: string,
  password = "",
): Promise<TelegramClient> {
  const client = await connected(telegram);
  await logIn(telegram, client, phone, password);
  return client;
}

/** Logs a connected client in by code (and password). */
export async function logIn(
  telegram: LocalTelegram,
  client: TelegramClient,
  phone: string,
  password = "",
): Promise<void> {
  await client.start({
    phoneNumber: () => Promise.resolve(phone),
    phoneCode: () => Promise.resolve(telegram.world.latestCode(phone)?.code ?? ""),
    password: () => Promise.resolve(password),
    onError: (error) => {
      throw error;
    },
  });
}

/** Waits until `check` gives something truthy, looking every few milliseconds. */
export async function until<T>(
  what: string,
  check: () => T | undefined | null | false,
): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const found = check();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 5);
    await promise;
  }
}

/** Raw updates as they come in, one entry per pushed update, in order. */
export function pushed(client: TelegramClient): Api.TypeUpdate[] {
  const updates: Api.TypeUpdate[] = [];
  client.addEventHandler((update: Api.TypeUpdate) => {
    if ("CONSTRUCTOR_ID" in update) updates.push(update);
  });
  return updates;
}
