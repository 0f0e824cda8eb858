import { AppError } from "@flotilla/kernel";
import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";
import { z } from "zod";
import type { BotBackend } from "../botapi/backend.ts";
import type { ChatUser } from "../botapi/model/types.ts";
import { ChatUserActions } from "../botapi/user.ts";
import type { WorldApi } from "../mtproto/world-api.ts";
import type { MovableClock } from "../world/clock.ts";
import type { FaultLog } from "./fault-log.ts";

/** What the control routes work on. */
export interface ControlContext {
  backend: BotBackend;
  world: WorldApi;
  clock: MovableClock;
  admin: ChatUser;
  /** What was broken on demand. */
  faultLog: FaultLog;
  /** Aborts when the sandbox closes; ends event streams. */
  closing: AbortSignal;
}

/** The Hono app type of this package: Node's request and response are reachable as `c.env`. */
export type App = Hono<{ Bindings: HttpBindings }>;

/**
 * Who acts in the chat; absent = the admin. Names are used when the user is new, a language from
 * then on.
 */
export const actor = z.strictObject({
  user: z.int().positive().optional(),
  firstName: z.string().min(1).optional(),
  username: z.string().min(1).optional(),
  languageCode: z
    .string()
    .regex(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/, "an IETF language tag, such as ru or pt-br")
    .optional(),
});

/** Whose chat; absent: the admin's. */
export const userQuery = z.strictObject({ user: z.coerce.number().int().positive().optional() });

/**
 * Reads a JSON body (or `{}` when there is none) by a schema. Throws AppError `bad-request` that
 * lists every problem.
 */
export async function readBody<S extends z.ZodType>(c: Context, schema: S): Promise<z.infer<S>> {
  const text = await c.req.text();
  let value: unknown = {};
  try {
    if (text.trim() !== "") value = JSON.parse(text);
  } catch {
    throw new AppError("bad-request", "The body is not JSON.");
  }
  return check(value, schema);
}

/** The query string by a schema. Throws AppError `bad-request`. */
export function readQuery<S extends z.ZodType>(c: Context, schema: S): z.infer<S> {
  return check(c.req.query(), schema);
}

function check<S extends z.ZodType>(value: unknown, schema: S): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new AppError("bad-request", z.prettifyError(parsed.error));
  return parsed.data;
}

/**
 * The hands of a user: known from the chats, else an account of the world with this id, else a new
 * stranger.
 */
export function userActions(
  context: ControlContext,
  who: Partial<z.infer<typeof actor>>,
): ChatUserActions {
  const id = who.user ?? context.admin.id;
  const known = id === context.admin.id ? context.admin : context.backend.chats.find(id)?.user;
  const account = context.world.accounts().find((each) => each.id === String(id));
  const user: ChatUser = known ?? {
    id,
    firstName: who.firstName ?? account?.firstName ?? `User ${id}`,
    lastName: account?.lastName ?? "",
    username: who.username ?? account?.username ?? null,
  };
  const actions = new ChatUserActions(context.backend, user);
  if (who.languageCode !== undefined) actions.speak(who.languageCode);
  return actions;
}
