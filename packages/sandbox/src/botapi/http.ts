import { sleep } from "@flotilla/kernel";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import type { BotBackend } from "./backend.ts";
import type { BotFault } from "./faults.ts";
import { findMethod } from "./methods.ts";
import { groupMethod } from "./methods-group.ts";
import { isRefusal, refusal } from "./model/refusal.ts";
import { type Params, readParams } from "./params.ts";

/** Answer of a call that is to end without one: the connection is cut. */
const CUT = Symbol("cut");

interface Reply {
  status: number;
  body: Record<string, unknown>;
  headers?: Record<string, string>;
}

/**
 * Routes `/bot<token>/<method>` and `/file/bot<token>/<path>`.
 * https://core.telegram.org/bots/api#making-requests
 */
export function botApiRoutes(backend: BotBackend): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.get("/file/:bot{bot[^/]+}/:path{.+}", (c) => {
    if (c.req.param("bot") !== `bot${backend.bot.token}`)
      return asResponse(refused(401, "invalid token specified"));
    const file = backend.files.byPath(c.req.param("path"));
    if (file === undefined) return asResponse(refused(404, ""));
    return new Response(Buffer.from(file.bytes), { headers: { "content-type": file.mime } });
  });
  app.on(["GET", "POST"], "/:bot{bot[^/]+}/:method", async (c) => {
    const { outgoing } = c.env;
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort(new Error("the caller hung up")));
    const call = {
      token: c.req.param("bot").slice("bot".length),
      name: c.req.param("method"),
      request: c.req.raw,
    };
    const reply = await answer(backend, call, gone.signal);
    if (reply !== CUT) return asResponse(reply);
    outgoing.destroy();
    return new Response(null);
  });
  app.all("/:bot{bot[^/]+}", () => asResponse(refused(404, "")));
  return app;
}

interface Call {
  token: string;
  name: string;
  request: Request;
}

async function answer(
  backend: BotBackend,
  call: Call,
  gone: AbortSignal,
): Promise<Reply | typeof CUT> {
  if (call.token !== backend.bot.token) return refused(401, "invalid token specified");
  const method = findMethod(call.name);
  if (method === undefined) {
    backend.log(`Bot API method ${call.name} is not modelled by the sandbox`);
    return refused(404, "method not found");
  }
  let params: Params;
  try {
    params = await readParams(call.request);
  } catch (error) {
    return failure(backend, error);
  }
  const entry = backend.journal.begin(method.name, params.plain(), backend.clock.now());
  const fault = backend.faults.take(method.name, chatOf(params));
  const reply =
    fault !== null && !fault.after
      ? await failAs(fault, gone)
      : await run(backend, () =>
          (groupMethod(method.name, backend, params) ?? method.run)(backend, params, gone),
        );
  const final = fault?.after === true ? await failAs(fault, gone) : reply;
  entry.status = final === CUT ? null : final.status;
  entry.description =
    final === CUT ? "connection cut" : ((final.body.description as string | undefined) ?? null);
  entry.message = messageOf(reply);
  return final;
}

/** What it had an effect on, also when the answer was lost. */
function messageOf(reply: Reply | typeof CUT): number | null {
  const result = reply === CUT ? null : reply.body["result"];
  const id =
    typeof result === "object" && result !== null && "message_id" in result
      ? result.message_id
      : null;
  return typeof id === "number" ? id : null;
}

function chatOf(params: Params): number | undefined {
  const raw = Number(params.plain().chat_id);
  return Number.isSafeInteger(raw) ? raw : undefined;
}

async function run(backend: BotBackend, work: () => unknown): Promise<Reply> {
  try {
    return { status: 200, body: { ok: true, result: await work() } };
  } catch (error) {
    return failure(backend, error);
  }
}

function failure(backend: BotBackend, error: unknown): Reply {
  if (isRefusal(error)) return refused(Number(error.details.errorCode), null, error.message);
  backend.log(
    `Bot API half failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  return refused(500, "");
}

async function failAs({ error }: BotFault, gone: AbortSignal): Promise<Reply | typeof CUT> {
  if (error.kind === "hang") await sleep(error.holdMs, gone).catch(() => {});
  if (error.kind !== "error") return CUT;
  const reply = refused(error.code, null, error.description);
  if (error.retryAfterS === undefined) return reply;
  reply.body.parameters = { retry_after: error.retryAfterS };
  return { ...reply, headers: { "retry-after": String(error.retryAfterS) } };
}

function refused(
  status: number,
  text: string | null,
  description = refusal(status, text ?? "").message,
): Reply {
  return {
    status,
    body: { ok: false, error_code: status, description: description.replace(/: $/, "") },
  };
}

function asResponse({ status, body, headers }: Reply): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store", ...headers } });
}
