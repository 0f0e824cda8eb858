import { readFileSync } from "node:fs";
import { Fault } from "@flotilla/contracts";
import { FluentBundle, type FluentFunction, FluentResource } from "@fluent/bundle";
import { Html, html } from "../screens/html.ts";
import { readable } from "./readable.ts";
import type { Said } from "./said.ts";
import { clockTime, dateTime, zoneOf } from "./times.ts";

/** Languages of the chat: one file each in `apps/bot/languages`. The first one is the fallback. */
export const LANGUAGES = ["en", "ru"] as const;
export type Language = (typeof LANGUAGES)[number];

/** What goes into a text. Strings are escaped where the text is HTML. */
export type Args = Readonly<Record<string, string | number | Html>>;

/**
 * The texts of one language. A key that is missing shows as itself: an alert must not fail for want of a word, and a
 * test finds it. Texts have no isolation marks, which would show as boxes in old clients.
 */
export class Words {
  readonly language: Language;
  readonly #bundle: FluentBundle;

  constructor(language: Language, source: string) {
    this.language = language;
    this.#bundle = new FluentBundle(language, { useIsolating: false, functions: this.#functions() });
    const errors = this.#bundle.addResource(new FluentResource(source));
    if (errors.length > 0) throw new Error(`${language}: ${errors.map((error) => error.message).join(", ")}`);
  }

  has(key: string): boolean {
    return this.#bundle.hasMessage(key);
  }

  /** Plain text, for buttons and for answers to presses. */
  text(key: string, args: Args = {}): string {
    return this.#format(key, args, (value) =>
      value instanceof Html ? value.text : typeof value === "string" ? readable(value) : value,
    );
  }

  /** HTML; the text itself may hold tags. */
  html(key: string, args: Args = {}): Html {
    return new Html(this.#format(key, args, (value) => (typeof value === "number" ? value : html`${value}`.text)));
  }

  /** A text that was kept as a key. */
  said(said: Said): Html {
    return this.html(said.key, this.#told(said));
  }

  /** A text that was kept as a key, as plain text. */
  plain(said: Said): string {
    return this.text(said.key, this.#told(said));
  }

  /** What a host reported is kept as it is (`class`, `code`, `message`, or `code` and `why`): its words are those of the reader. */
  #told({ args }: Said): Args {
    const fault = Fault.safeParse(args);
    if (fault.success) return { ...args, text: this.fault(fault.data) };
    const { code, why } = args;
    return typeof code === "string" && typeof why === "string" ? { ...args, why: this.reason(code, why) } : args;
  }

  /** What went wrong: by its code, or else by its class. English keeps the words of whoever reported it. */
  fault(fault: Fault): string {
    const key = `fault-${fault.code.replace(/[^A-Za-z0-9_-]/g, "-")}`;
    if (this.has(key)) return this.text(key, { wait: fault.waitS ?? 0 });
    return this.language === "en" ? fault.message : this.text(`class-${fault.class}`);
  }

  /** Why something was refused: by its code. English keeps the words of whoever refused it. */
  reason(code: string, message: string | null): string {
    for (const key of [`problem-${code}`, `fault-${code}`]) if (this.has(key)) return this.text(key);
    if (this.language === "en" && message !== null) return message;
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

  #functions(): Record<string, FluentFunction> {
    return {
      TIME: ([at]) => clockTime(Number(at?.valueOf())),
      CLOCK: ([at]) => `${clockTime(Number(at?.valueOf()))} ${zoneOf(Number(at?.valueOf()))}`,
      DATE: ([at]) => dateTime(Number(at?.valueOf())),
      SPAN: ([ms]) => this.duration(Number(ms?.valueOf())),
    };
  }

  #format(key: string, args: Args, put: (value: string | number | Html) => string | number): string {
    const message = this.#bundle.getMessage(key);
    if (!message?.value) return key;
    const values = Object.fromEntries(Object.entries(args).map(([name, value]) => [name, put(value)]));
    // Errors are collected instead of thrown: a placeholder without a value then shows as itself.
    return this.#bundle.formatPattern(message.value, values, []);
  }
}

/** Every language of the chat. */
export type Languages = Readonly<Record<Language, Words>>;

/** Reads the language files. Throws when one is not well-formed. */
export function loadLanguages(): Languages {
  const read = (language: Language): Words =>
    new Words(language, readFileSync(new URL(`../../languages/${language}.ftl`, import.meta.url), "utf8"));
  return { en: read("en"), ru: read("ru") };
}

/** The language of the chat for what Telegram says about somebody's client, such as `ru` or `pt-br`. */
export function languageFor(code: string | undefined): Language {
  const base = code?.toLowerCase().split("-")[0];
  return LANGUAGES.find((language) => language === base) ?? "en";
}
