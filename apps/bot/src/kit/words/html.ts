import { readable } from "./readable.ts";

/** Text that is already safe to send with parse mode HTML. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What is not shown, such as `admin.invited && …` of one who was not. */
type Nothing = null | undefined | false;
/** A line of a text, or none. */
export type Line = Html | string | Nothing;

/**
 * Escapes what is put in; nested `html` parts and arrays of them stay as they are, and what is not
 * there leaves no trace.
 */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[] | Nothing)[]
): Html {
  return new Html(
    parts.reduce((text, part, index) => text + part + toText(values[index] ?? ""), ""),
  );
}

/** Lines, joined; those that are not there are left out, and an empty one is an empty line. */
export function lines(...all: readonly Line[]): Html {
  return new Html(
    all
      .filter((line) => line !== null && line !== undefined && line !== false)
      .map((line) => toText(line))
      .join("\n"),
  );
}

function toText(value: string | number | Html | readonly Html[] | false): string {
  if (value === false) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "string" || typeof value === "number") return escapeHtml(String(value));
  return value.map((each) => each.text).join("");
}

function escapeHtml(text: string): string {
  return readable(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
