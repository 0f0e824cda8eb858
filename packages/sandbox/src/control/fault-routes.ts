import { Hono } from "hono";
import { z } from "zod";
import { type BotFault, defaultDescription } from "../botapi/faults.ts";
import { DIFFERENCE_FAULT_MODES, UPDATE_FAULT_MODES } from "../world/port.ts";
import { type App, type ControlContext, readBody } from "./context.ts";

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
const loseBody = z.strictObject({ callbacks: z.int().min(0).exactOptional(), updates: z.int().min(0).exactOptional() });
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

/** Faults on demand, both halves. Each takes effect at once and answers `{ok: true}` or what it hit. */
export function faultRoutes(context: ControlContext): App {
  const app: App = new Hono();
  connectionFaults(app, context);
  protocolFaults(app, context);
  botFaults(app, context);
  return app;
}

function connectionFaults(app: App, { world: { faults } }: ControlContext): void {
  app.post("/faults/drop", async (c) => {
    const { how, ...where } = await readBody(c, target.extend({ how: z.enum(["fin", "rst"]).default("fin") }));
    return c.json({ ok: true, dropped: faults.drop(where, how) });
  });
  app.post("/faults/silence", async (c) => {
    faults.silence(await readBody(c, target));
    return c.json({ ok: true });
  });
  app.post("/faults/delay", async (c) => {
    const { delayMs, ...where } = await readBody(c, target.extend({ delayMs: ms }));
    faults.delay(where, delayMs);
    return c.json({ ok: true });
  });
  app.post("/faults/refuse", async (c) => {
    faults.refuse((await readBody(c, z.strictObject({ dc: z.int().optional() }))).dc);
    return c.json({ ok: true });
  });
  app.post("/faults/restart-dc", async (c) => {
    const body = await readBody(c, z.strictObject({ dc: z.int().default(2), downMs: ms.default(1000) }));
    await faults.restartDc(body.dc, body.downMs);
    return c.json({ ok: true });
  });
}

function protocolFaults(app: App, { world: { faults }, backend }: ControlContext): void {
  app.post("/faults/fail", async (c) => {
    faults.failCalls(await readBody(c, failBody));
    return c.json({ ok: true });
  });
  app.post("/faults/forget-key", async (c) => {
    faults.forgetKey((await readBody(c, z.strictObject({ keyId: z.string().min(1) }))).keyId);
    return c.json({ ok: true });
  });
  app.post("/faults/updates", async (c) => {
    const body = await readBody(c, updatesBody);
    faults.updates(body.phone, body.mode, body.count);
    return c.json({ ok: true });
  });
  app.post("/faults/differences", async (c) => {
    faults.differences(await readBody(c, differencesBody));
    return c.json({ ok: true });
  });
  app.post("/faults/expire-files", (c) => {
    faults.expireFiles();
    return c.json({ ok: true });
  });
  app.post("/faults/heal", (c) => {
    faults.heal();
    backend.faults.clear();
    backend.updates.lose("callbacks", 0);
    backend.updates.lose("updates", 0);
    return c.json({ ok: true });
  });
}

function botFaults(app: App, { backend }: ControlContext): void {
  app.get("/faults/bot", (c) => c.json(backend.faults.pending()));
  app.post("/faults/bot", async (c) => {
    backend.faults.add(botFault(await readBody(c, botBody)));
    return c.json({ ok: true });
  });
  app.post("/faults/lose", async (c) => {
    const body = await readBody(c, loseBody);
    if (body.callbacks !== undefined) backend.updates.lose("callbacks", body.callbacks);
    if (body.updates !== undefined) backend.updates.lose("updates", body.updates);
    return c.json({ ok: true });
  });
}

function botFault({ error, ...rule }: z.infer<typeof botBody>): BotFault {
  if ("hangMs" in error) return { ...rule, error: { kind: "hang", holdMs: error.hangMs } };
  if ("cut" in error) return { ...rule, error: { kind: "cut" } };
  const retryAfterS = error.code === 429 ? (error.retryAfter ?? 1) : error.retryAfter;
  const description = error.description ?? defaultDescription(error.code, retryAfterS ?? 1);
  return { ...rule, error: { kind: "error", code: error.code, description, retryAfterS } };
}
