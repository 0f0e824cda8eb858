import { readFileSync } from "node:fs";
import { Fault } from "@flotilla/contracts";
import { systemClock } from "@flotilla/kernel";
import { FluentBundle, type FluentFunction, FluentResource } from "@fluent/bundle";
import { Html, html } from "./html.ts";
import { readable } from "./readable.ts";
import type { Said } from "./said.ts";
import { Times } from "./times.ts";

/** Languages of the chat: one file each in `apps/bot/languages`. The first one is the fallback. */
export const LANGUAGES = ["en", "ru"] as const;
/** A language that the chat is translated into. */
export type Language = (typeof LANGUAGES)[number];

/** What goes into a text. Strings are escaped where the text is HTML. */
export type Args = Readonly<Record<string, string | number | Html>>;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Below the first number relative times move by the second, both in milliseconds. */
const STEPS_MS = [
  [10 * MINUTE_MS, MINUTE_MS],
  [HOUR_MS, 5 * MINUTE_MS],
] as const;
/** Further away than this, seconds are of no use. */
const FAR_MS = 60 * MINUTE_MS;

/**
 * The texts of one language, with the times of one zone. A key that is missing shows as itself: an
 * alert must not fail for want of a word, and a test finds it. Texts have no isolation marks, which
 * would show as boxes in old clients.
 */
export class Words {
  readonly language: Language;
  readonly times: Times;
  readonly #source: FluentResource;
  readonly #bundle: FluentBundle;
  readonly #inZones = new Map<string, Words>();

  constructor(language: Language, source: FluentResource, zone: string | null = null) {
    this.language = language;
    this.times = new Times(zone);
    this.#source = source;
    this.#bundle = new FluentBundle(language, {
      useIsolating: false,
      functions: this.#functions(),
    });
    const errors = this.#bundle.addResource(source);
    if (errors.length > 0)
      throw new Error(`${language}: ${errors.map((error) => error.message).join(", ")}`);
  }

  /** The same texts with the times of another zone; null = that of the fleet. */
  in(zone: string | null): Words {
    if (zone === null) return this;
    const found = this.#inZones.get(zone) ?? new Words(this.language, this.#source, zone);
    this.#inZones.set(zone, found);
    return found;
  }

  has(key: string): boolean {
    return this.#bundle.hasMessage(key);
  }

  /** Plain text, for buttons and for answers to presses. */
  text(key: string, args: Args = {}): string {
    return this.#format(key, args, (value) => {
      if (value instanceof Html) return value.text;
      return typeof value === "string" ? readable(value) : value;
    });
  }

  /** HTML; the text itself may hold tags. */
  html(key: string, args: Args = {}): Html {
    return new Html(
      this.#format(key, args, (value) => (typeof value === "number" ? value : html`${value}`.text)),
    );
  }

  /** A text that was kept as a key. */
  said(said: Said): Html {
    return this.html(said.key, this.#told(said));
  }

  /** A text that was kept as a key, as plain text. */
  plain(said: Said): string {
    return this.text(said.key, this.#told(said));
  }

  /**
   * What a host reported is kept as it is (`class`, `code`, `message`, or `code` and `why`): its
   * words are those of the reader.
   */
  #told({ args }: Said): Args {
    const fault = Fault.safeParse(args);
    if (fault.success) return { ...args, text: this.fault(fault.data) };
    const { code, why } = args;
    return typeof code === "string" && typeof why === "string"
      ? { ...args, why: this.reason(code, why) }
      : args;
  }

  /** What went wrong: by its code, or else by its class. English keeps the reporter's words. */
  fault(fault: Fault): string {
    const key = `fault-${fault.code.replace(/[^A-Za-z0-9_-]/g, "-")}`;
    if (this.has(key)) return this.text(key, { wait: fault.waitS ?? 0 });
    return this.language === "en"
      ? this.times.local(fault.message)
      : this.text(`class-${fault.class}`);
  }

  /** Why something was refused: by its code. English keeps the words of the refusal. */
  reason(code: string, message: string | null): string {
    for (const key of [`problem-${code}`, `fault-${code}`])
      if (this.has(key)) return this.text(key);
    if (this.language === "en" && message !== null) return this.times.local(message);
    return code === "" ? this.text("why-unknown") : this.text("why-code", { code });
  }

  /** `45 s`, `3 min`, `2 h 5 min`, `2 d 3 h`: two units at most. */
  duration(ms: number): string {
    const seconds = Math.max(0, Math.round(ms / 1000));
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    if (seconds < 60) return this.#units([seconds, "s"]);
    if (minutes < 60) return this.#units([minutes, "min"]);
    if (hours < 24) return this.#units([hours, "h"], [minutes % 60, "min"]);
    return this.#units([Math.floor(hours / 24), "d"], [hours % 24, "h"]);
  }

  #units(...parts: readonly (readonly [number, string])[]): string {
    return parts
      .filter(([count], index) => index === 0 || count > 0)
      .map(([count, unit]) => `${count} ${this.text(`unit-${unit}`)}`)
      .join(" ");
  }

  /** `3 min ago (12:04:31)`. What another clock dates to the future is not said to be just now. */
  #ago(at: number): string {
    const now = systemClock.now();
    if (at - now >= MINUTE_MS) return this.#dayAndTime(at, now);
    const away =
      now - at < MINUTE_MS
        ? this.text("away-ago-now")
        : this.text("away-ago", { length: this.#coarse(now - at) });
    return `${away} (${this.#dayAndTime(at, now)})`;
  }

  /** `in 23 h (tomorrow, 08:15)`; what is due is now. */
  #in(at: number): string {
    const now = systemClock.now();
    const ms = at - now;
    return `${this.#inAbout(ms)} (${this.#dayAndTime(at, now)})`;
  }

  #inAbout(ms: number): string {
    if (ms <= 0) return this.text("away-in-now");
    if (ms < MINUTE_MS) return this.text("away-in-short");
    return this.text("away-in", { length: this.#coarse(ms) });
  }

  /** `3 min (since 12:04:31)`: how long it has been so. */
  #for(at: number): string {
    const now = systemClock.now();
    const time = this.#dayAndTime(at, now);
    if (now - at < MINUTE_MS) return this.text("away-for-short", { time });
    return this.text("away-for", { length: this.#coarse(now - at), time });
  }

  /**
   * A live screen is edited when its text changes. Coarse steps keep an idle one still: minutes up
   * to 10 min, 5 min up to an hour, hours after that. The exact time stands beside it.
   */
  #coarse(ms: number): string {
    const stepMs = STEPS_MS.find(([below]) => ms < below)?.[1] ?? HOUR_MS;
    return this.duration(Math.floor(ms / stepMs) * stepMs);
  }

  #dayAndTime(at: number, now: number): string {
    const text = this.times.date(at);
    const time = Math.abs(at - now) < FAR_MS ? text.slice(11) : text.slice(11, 16);
    const days = this.times.daysFromToday(at, now);
    if (days === 0) return time;
    if (days === 1) return this.text("day-tomorrow", { time });
    return days === -1 ? this.text("day-yesterday", { time }) : `${text.slice(0, 10)} ${time}`;
  }

  #functions(): Record<string, FluentFunction> {
    const taking =
      (show: (value: number) => string): FluentFunction =>
      ([value]) =>
        show(Number(value?.valueOf()));
    return {
      TIME: taking((at) => this.times.clock(at)),
      CLOCK: taking((at) => `${this.times.clock(at)} ${this.times.name(at)}`),
      DATE: taking((at) => this.times.date(at)),
      AGO: taking((at) => this.#ago(at)),
      IN: taking((at) => this.#in(at)),
      FOR: taking((at) => this.#for(at)),
      SPAN: taking((ms) => this.duration(ms)),
    };
  }

  #format(
    key: string,
    args: Args,
    put: (value: string | number | Html) => string | number,
  ): string {
    const message = this.#bundle.getMessage(key);
    if (!message?.value) return key;
    const values = Object.fromEntries(
      Object.entries(args).map(([name, value]) => [name, put(value)]),
    );
    // Errors are collected instead of thrown: a placeholder without a value then shows as itself.
    return this.#bundle.formatPattern(message.value, values, []);
  }
}

/** Every language of the chat. */
export type Languages = Readonly<Record<Language, Words>>;

/** Reads the language files. Throws when one is not well-formed. */
export function loadLanguages(): Languages {
  const read = (language: Language): Words =>
    new Words(
      language,
      new FluentResource(
        readFileSync(new URL(`../../../languages/${language}.ftl`, import.meta.url), "utf8"),
      ),
    );
  return { en: read("en"), ru: read("ru") };
}

/** The language of the chat for the language of a user's client, such as `ru` or `pt-br`. */
export function languageFor(code: string | undefined): Language {
  const base = code?.toLowerCase().split("-")[0];
  return LANGUAGES.find((language) => language === base) ?? "en";
}
