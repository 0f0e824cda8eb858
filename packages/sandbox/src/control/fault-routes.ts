import { Hono } from "hono";
import { z } from "zod";
import { type BotFault, defaultDescription } from "../botapi/faults.ts";
import { DIFFERENCE_FAULT_MODES, UPDATE_FAULT_MODES } from "../world/views.ts";
import { type App, type ControlContext, readBody } from "./context.ts";
import { assertKnown } from "./known.ts";

const LONGEST_MS = 24 * 3600_000;
const times = z.int().min(1).max(1_000_000).default(1);
const target = z.strictObject({
  phone: z.string().exactOptional(),
  keyId: z.string().exactOptional(),
  dc: z.int().exactOptional(),
});
const ms = z.int().min(0).max(LONGEST_MS);
const failBody = z.strictObject({
  method: z.string().min(1),
  code: z.int(),
  text: z.string().min(1),
  times,
  phone: z.string().exactOptional(),
});
const botBody = z.strictObject({
  method: z.string().min(1).default("*"),
  times,
  chatId: z.int().exactOptional(),
  /** The call takes effect, then the answer is lost or replaced. */
  after: z.boolean().default(false),
  error: z.union([
    z.strictObject({
      code: z.int().min(400).max(599),
      description: z.string().exactOptional(),
      retryAfter: z.int().min(1).exactOptional(),
    }),
    z.strictObject({ hangMs: ms.min(1) }),
    z.strictObject({ cut: z.literal(true) }),
  ]),
});
const loseBody = z.strictObject({
  callbacks: z.int().min(0).exactOptional(),
  updates: z.int().min(0).exactOptional(),
});
const updatesBody = z.strictObject({
  phone: z.string(),
  mode: z.enum(UPDATE_FAULT_MODES),
  count: times,
});

const differencesBody = z.strictObject({
  phone: z.string(),
  mode: z.enum(DIFFERENCE_FAULT_MODES),
  channel: z.string().regex(/^\d+$/).exactOptional(),
  text: z.string().min(1).exactOptional(),
});

/**
 * Faults on demand, both halves. Each takes effect at once and answers `{ok: true, said}`. What
 * names something that is not there is refused.
 */
export function faultRoutes(context: ControlContext): App {
  const app: App = new Hono();
  connectionFaults(app, context);
  callFaults(app, context);
  updateFaults(app, context);
  botFaults(app, context);
  app.get("/faults/log", (c) => c.json(context.faultLog.entries()));
  app.post("/faults/heal", (c) => {
    context.world.faults.heal();
    context.backend.faults.clear();
    context.backend.updates.lose("callbacks", 0);
    context.backend.updates.lose("updates", 0);
    return c.json({ ok: true, said: context.faultLog.note("Healed everything") });
  });
  return app;
}

function connectionFaults(app: App, context: ControlContext): void {
  const { world, faultLog } = context;
  const { faults } = world;
  app.post("/faults/drop", async (c) => {
    const { how, ...where } = await readBody(
      c,
      target.extend({ how: z.enum(["fin", "rst"]).default("fin") }),
    );
    assertKnown(context, where);
    const before = world.connectionLog().length;
    const dropped = faults.drop(where, how);
    const said = `${how === "rst" ? "Reset" : "Dropped"} ${counted(dropped, "connection")}`;
    return c.json({
      ok: true,
      dropped,
      said: faultLog.note(said, (at) => backAgain(context, before, dropped, at)),
    });
  });
  app.post("/faults/silence", async (c) => {
    const where = await readBody(c, target);
    assertKnown(context, where);
    const silent = faults.silence(where);
    return c.json({
      ok: true,
      silent,
      said: faultLog.note(`Silenced ${counted(silent, "connection")} until you heal it`),
    });
  });
  app.post("/faults/delay", async (c) => {
    const { delayMs, ...where } = await readBody(c, target.extend({ delayMs: ms }));
    assertKnown(context, where);
    faults.delay(where, delayMs);
    return c.json({
      ok: true,
      said: faultLog.note(delayMs === 0 ? "No delay" : `Answers are ${delayMs / 1000} s late`),
    });
  });
  app.post("/faults/refuse", async (c) => {
    const where = await readBody(c, z.strictObject({ dc: z.int().exactOptional() }));
    assertKnown(context, where);
    faults.refuse(where.dc);
    const which = where.dc === undefined ? "" : ` at DC ${where.dc}`;
    return c.json({
      ok: true,
      said: faultLog.note(`New connections${which} are refused until you heal it`),
    });
  });
  app.post("/faults/restart-dc", async (c) => {
    const { dc, downMs } = await readBody(
      c,
      z.strictObject({ dc: z.int().default(2), downMs: ms.default(1000) }),
    );
    assertKnown(context, { dc });
    const before = world.connectionLog().length;
    const open = world.connections().filter((each) => each.dc === dc).length;
    const said = `Restarted DC ${dc}, down for ${downMs / 1000} s, with ${counted(open, "connection")}`;
    faultLog.note(said, (at) => backAgain(context, before, open, at));
    await faults.restartDc(dc, downMs);
    return c.json({ ok: true, said });
  });
}

function callFaults(app: App, context: ControlContext): void {
  const { world, faultLog } = context;
  const { faults } = world;
  app.post("/faults/fail", async (c) => {
    const body = await readBody(c, failBody);
    assertKnown(context, { phone: body.phone, method: body.method });
    const state = faults.failCalls(body);
    const calls = body.times === 1 ? "call fails" : `${body.times} calls fail`;
    const said = `The next ${calls} with ${body.text}`;
    return c.json({
      ok: true,
      said: faultLog.note(said, () => usedUp(state.left, body.times, state.last)),
    });
  });
  app.post("/faults/forget-key", async (c) => {
    const body = await readBody(c, z.strictObject({ keyId: z.string().min(1) }));
    assertKnown(context, body);
    faults.forgetKey(body.keyId);
    return c.json({ ok: true, said: faultLog.note(`Forgot the key ${body.keyId}`) });
  });
}

function updateFaults(app: App, context: ControlContext): void {
  const { world, faultLog } = context;
  const { faults } = world;
  app.post("/faults/updates", async (c) => {
    const { phone, mode, count } = await readBody(c, updatesBody);
    assertKnown(context, { phone });
    faults.updates(phone, mode, count);
    return c.json({
      ok: true,
      said: faultLog.note(`${counted(count, "update")} for ${phone}: ${mode}`),
    });
  });
  app.post("/faults/differences", async (c) => {
    const body = await readBody(c, differencesBody);
    assertKnown(context, { phone: body.phone, channel: body.channel });
    faults.differences(body);
    return c.json({
      ok: true,
      said: faultLog.note(`Answers about missed updates of ${body.phone}: ${body.mode}`),
    });
  });
  app.post("/faults/expire-files", (c) => {
    faults.expireFiles();
    return c.json({
      ok: true,
      said: faultLog.note("File references that were handed out are too old"),
    });
  });
}

function botFaults(app: App, context: ControlContext): void {
  const { backend, faultLog } = context;
  app.get("/faults/bot", (c) => c.json(backend.faults.pending()));
  app.post("/faults/bot", async (c) => {
    const body = await readBody(c, botBody);
    assertKnown(context, { botMethod: body.method });
    const rule = backend.faults.add(botFault(body));
    const which = body.method === "*" ? "call" : body.method;
    const count = body.times === 1 ? "" : `${body.times} × `;
    const said = `The next ${count}${which} of the bot gets ${insteadOf(body.error)}`;
    return c.json({
      ok: true,
      said: faultLog.note(said, () => usedUp(rule.times, body.times, rule.last ?? null)),
    });
  });
  app.post("/faults/lose", async (c) => {
    const body = await readBody(c, loseBody);
    const said = (["callbacks", "updates"] as const).flatMap((kind) => {
      const count = body[kind];
      if (count === undefined) return [];
      const loss = backend.updates.lose(kind, count);
      const noun = kind === "callbacks" ? "tap" : "update";
      return faultLog.note(`The next ${counted(count, noun)} will be lost`, () =>
        usedUp(loss.left, count, noun),
      );
    });
    return c.json({ ok: true, said: said.join(", ") });
  });
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function usedUp(left: number, of: number, last: string | null): string {
  if (left === of || last === null) return "has hit nothing yet";
  return `hit ${of - left} of ${of}, the last one ${last}`;
}

/**
 * How many accounts have been back since an entry of the connection log; `at`: when they lost their
 * connections.
 */
function backAgain(
  { world }: ControlContext,
  entry: number,
  lost: number,
  at: number,
): string | null {
  if (lost === 0) return null;
  const back = world
    .connectionLog()
    .slice(entry)
    .filter(({ event }) => event === "authorised")
    .slice(0, lost);
  const last = back.at(-1);
  return last
    ? `${back.length} of ${lost} back, the last after ${((last.at - at) / 1000).toFixed(1)} s`
    : `none of ${lost} is back yet`;
}

/** What the bot gets instead of an answer, in words. */
function insteadOf(error: z.infer<typeof botBody>["error"]): string {
  if ("code" in error) return String(error.code);
  return "hangMs" in error ? "no answer" : "a cut connection";
}

function botFault({ error, ...rule }: z.infer<typeof botBody>): BotFault {
  if ("hangMs" in error) return { ...rule, error: { kind: "hang", holdMs: error.hangMs } };
  if ("cut" in error) return { ...rule, error: { kind: "cut" } };
  const retryAfterS = error.code === 429 ? (error.retryAfter ?? 1) : error.retryAfter;
  const description = error.description ?? defaultDescription(error.code, retryAfterS ?? 1);
  return { ...rule, error: { kind: "error", code: error.code, description, retryAfterS } };
}
