import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { AppError } from "@flotilla/kernel";

/** JSON text of data with bigints, byte strings, maps and sets in it. */
export function toText(data: unknown): string {
  return JSON.stringify(
    data,
    function tag(this: Record<string, unknown>, key: string, value: unknown) {
      // A Buffer has a toJSON, so `value` is no Buffer any more: look at the original.
      const original = this[key];
      if (typeof original === "bigint") return { $big: original.toString() };
      if (original instanceof Uint8Array)
        return { $bytes: Buffer.from(original).toString("base64") };
      if (original instanceof Map) return { $map: [...original] };
      if (original instanceof Set) return { $set: [...original] };
      return value;
    },
  );
}

/** The inverse of {@link toText}. */
export function fromText(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if ("$big" in value) return BigInt(value.$big as string);
    if ("$bytes" in value) return Buffer.from(value.$bytes as string, "base64");
    if ("$map" in value) return new Map(value.$map as [unknown, unknown][]);
    if ("$set" in value) return new Set(value.$set as unknown[]);
    return value;
  });
}

/**
 * Writes the file whole or not at all; only its owner may read it, for it holds keys and passwords.
 */
export function writeSnapshot(file: string, data: unknown): void {
  const temporary = `${file}.tmp`;
  writeFileSync(temporary, toText(data), { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, file);
}

/**
 * What was written last, or null when there is no file. Throws AppError `bad-state-file` for one
 * that cannot be read.
 */
export function readSnapshot(file: string): unknown {
  try {
    return fromText(readFileSync(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new AppError(
      "bad-state-file",
      `The sandbox's state file ${file} cannot be read; delete it to start afresh.`,
      {
        cause: error,
      },
    );
  }
}
