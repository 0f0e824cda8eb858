import { inspect } from "node:util";

/** A value that must not be printed: logs, JSON and string concatenation show `[redacted]`. */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The clear value. Call it only where a library needs the value. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }

  [inspect.custom](): string {
    return "[redacted]";
  }
}

/** The value as a {@link Secret}; null for an empty or absent one. */
export function secretOf(value: string | undefined): Secret | null {
  return value ? new Secret(value) : null;
}
