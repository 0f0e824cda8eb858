import { AppError } from "@flotilla/kernel";
import { Hono } from "hono";
import { z } from "zod";
import { chatRoutes } from "./chat-routes.ts";
import { type App, type ControlContext, readBody, readQuery, userActions } from "./context.ts";
import { eventRoutes } from "./events.ts";
import { faultRoutes } from "./fault-routes.ts";
import { chatState, worldState } from "./views.ts";
import { worldRoutes } from "./world-routes.ts";

const LONGEST_STEP_MS = 366 * 24 * 3600_000;

/** All routes below `/control`. Errors are `{error: {code, message}}` with 400, 404 or 409. */
export function controlRoutes(context: ControlContext): App {
  const app: App = new Hono();
  for (const part of [chatRoutes, worldRoutes, faultRoutes, eventRoutes])
    app.route("/", part(context));
  app.get("/state", (c) =>
    c.json({
      now: context.clock.now(),
      chat: chatState(context, userActions(context, {}).chat),
      world: worldState(context),
    }),
  );
  app.get("/clock", (c) => c.json({ now: context.clock.now() }));
  app.post("/clock", async (c) => {
    const { advanceMs } = await readBody(
      c,
      z.strictObject({ advanceMs: z.int().min(0).max(LONGEST_STEP_MS) }),
    );
    context.clock.advance(advanceMs);
    return c.json({ now: context.clock.now() });
  });
  app.get("/outbox", (c) => {
    const { after } = readQuery(
      c,
      z.strictObject({ after: z.coerce.number().int().min(0).default(0) }),
    );
    return c.json(context.backend.journal.entries(after));
  });
  app.post("/reset", (c) => {
    context.backend.reset();
    context.world.faults.heal();
    context.faultLog.clear();
    return c.json({ ok: true });
  });
  app.get("/", (c) => c.json({ routes: routeList(app) }));
  app.notFound((c) =>
    c.json(
      { error: { code: "no-such-route", message: "See GET /control for what there is." } },
      404,
    ),
  );
  app.onError((error, c) => {
    if (!(error instanceof AppError)) {
      context.backend.log(`Control API failed: ${error.stack ?? error.message}`);
      return c.json(
        { error: { code: "internal", message: "The sandbox failed; its log has the details." } },
        500,
      );
    }
    return c.json({ error: { code: error.code, message: error.message } }, statusOf(error.code));
  });
  return app;
}

function statusOf(code: string): 400 | 404 | 409 {
  if (code.startsWith("no-such-")) return 404;
  return /-(exists|taken|blocked)$/.test(code) ? 409 : 400;
}

function routeList(app: App): string[] {
  return [
    ...new Set(
      app.routes
        .filter((route) => route.method !== "ALL")
        .map((route) => `${route.method} /control${route.path}`),
    ),
  ].toSorted();
}
