import apiText from "telegram/tl/apiTl.js";
import { parseTlText, type TlSchema } from "./schema.ts";

/**
 * The layer of the pinned `telegram` package; it says so in `tl/AllTLObjects.js`, a test holds both
 * equal.
 */
export const GRAMJS_LAYER = 198;

/**
 * The schema text inside the `telegram` package. This file is the sandbox's only reach into that
 * package.
 */
export function gramjsSchema(): TlSchema {
  return parseTlText(GRAMJS_LAYER, apiText);
}
