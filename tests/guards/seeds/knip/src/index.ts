import { used } from "./half-used.ts";

export const entry = used;
export * from "./unlisted.ts";
