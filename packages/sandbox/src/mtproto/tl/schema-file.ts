import { readFile } from "node:fs/promises";
import { AppError, toError } from "@flotilla/kernel";
import { parseTlText, type TlSchema } from "./schema.ts";
import { parseSchemaJson, type SchemaJson } from "./schema-json.ts";

/**
 * Reads a layer from a file: TL text that ends in `// LAYER <n>` as Telegram publishes it, or the
 * JSON that mtcute brings (`tl/api-schema.json`). Throws AppError `bad-schema` with the reason.
 */
export async function readSchemaFile(path: string): Promise<TlSchema> {
  try {
    const text = await readFile(path, "utf8");
    if (text.trimStart().startsWith("{")) return parseSchemaJson(JSON.parse(text) as SchemaJson);
    const layer = /^\/\/ *LAYER +(\d+) *$/m.exec(text)?.[1];
    if (layer === undefined) throw new Error("there is no line `// LAYER <n>` in it");
    return parseTlText(Number(layer), text);
  } catch (error) {
    throw new AppError(
      "bad-schema",
      `The schema ${path} cannot be read: ${toError(error).message}.`,
    );
  }
}
