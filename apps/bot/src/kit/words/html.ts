import { readable } from "./readable.ts";

/** Text that is already safe to send with parse mode HTML. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Escapes what is put in; nested `html` parts and arrays of them stay as they are. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  return new Html(
    parts.reduce(
      (text, part, index) =>
        text + part + (index < values.length ? toText(values[index] ?? "") : ""),
      "",
    ),
  );
}

/** Lines that are not null, joined. */
export function lines(...all: readonly (Html | string | null)[]): Html {
  return new Html(
    all
      .filter((line) => line !== null)
      .map((line) => toText(line))
      .join("\n"),
  );
}

function toText(value: string | number | Html | readonly Html[]): string {
  if (value instanceof Html) return value.text;
  if (typeof value === "string" || typeof value === "number") return escapeHtml(String(value));
  return value.map((each) => each.text).join("");
}

function escapeHtml(text: string): string {
  return readable(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
