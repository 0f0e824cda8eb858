import { WorkerIdField } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import { z } from "zod";
import { Said } from "../words/said.ts";

/** What a panel shows. Kept in the database, so that a panel lives on over a restart of the bot. */
export const Screen = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("menu") }),
  z.object({ kind: z.literal("workers"), page: z.number().int().nonnegative() }),
  z.object({ kind: z.literal("worker"), worker: WorkerIdField }),
  z.object({ kind: z.literal("add"), problem: Said.nullable() }),
  z.object({ kind: z.literal("log"), worker: WorkerIdField, command: z.string() }),
  z.object({ kind: z.literal("backups"), worker: WorkerIdField, command: z.string() }),
  z.object({ kind: z.literal("restore"), worker: WorkerIdField, copy: z.string(), token: z.string() }),
  z.object({ kind: z.literal("stop-holder"), worker: WorkerIdField, pid: z.number(), token: z.string() }),
  z.object({ kind: z.literal("login"), worker: WorkerIdField }),
  z.object({ kind: z.literal("notice"), text: Said, worker: WorkerIdField.nullable() }),
]);
export type Screen = z.infer<typeof Screen>;

/** A rendered screen: HTML text without the clock time, and its buttons. */
export interface Card {
  readonly html: string;
  readonly keyboard: InlineKeyboardButton[][];
}
