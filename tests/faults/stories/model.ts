import type { Trouble } from "./claims.ts";

/** Something that was done to the fleet. Times are milliseconds since the epoch. */
export interface Happening {
  readonly trouble: Trouble;
  /** The worker, `Redis`, or the host. */
  readonly about: string;
  readonly at: number;
  /** Since when it is well again; null = it is not. */
  readonly over: number | null;
  /** The chat has to tell of the first of several by then. Milliseconds. */
  readonly withinMs: number;
}

/** One call of the bot that wrote into a chat, as the sandbox recorded it. */
export interface Told {
  readonly at: number;
  readonly chat: string;
  readonly message: number;
  /** `unchanged`: an edit that Telegram refused, because it changed nothing. */
  readonly how: "sent" | "edited" | "unchanged";
  readonly html: string;
  /** Its buttons, in any form in which two can be compared. */
  readonly buttons: string;
}

/** What the judge holds the chat to. */
export interface Bounds {
  /** Chats that have to hear of everything; others hear of nothing. */
  readonly hears: readonly string[];
  readonly workers: number;
  readonly messages: number;
  /** On a machine that is busy with other tests everything may be later by this. */
  readonly busyMs: number;
  /** Presses of people: edits that answer one keep no gap. */
  readonly presses: readonly { readonly chat: string; readonly at: number }[];
}

/** Between two edits of a chat. */
export const EDIT_GAP_MS = 3000;

/** `08:00:00.123`, in UTC. */
export function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}

export function describe({ trouble, about, at }: Happening): string {
  return `${trouble} of ${about} at ${clock(at)}`;
}

/** The first line without markup. */
export function firstLine({ html }: Pick<Told, "html">): string {
  return (html.split("\n")[0] ?? "").replaceAll(/<[^>]+>/g, "").slice(0, 120);
}
