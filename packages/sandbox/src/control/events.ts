import { sleep } from "@flotilla/kernel";
import { Hono } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { HubEvent } from "../botapi/hub.ts";
import { type App, type ControlContext, readQuery, userActions, userQuery } from "./context.ts";
import { chatState, messageState, toastState, worldState } from "./views.ts";

/** The world has no events of its own: a stream looks this often for a change. */
const WORLD_LOOK_MS = 300;

/**
 * `GET /events`: server-sent events that drive the page, of the admin's chat or of that of `user`.
 * First `chat` and `world` with everything, then `message`, `edited`, `deleted`, `callback`,
 * `answer`, `action` as they happen, `chat` and `world` when they changed.
 */
export function eventRoutes(context: ControlContext): App {
  const app: App = new Hono();
  app.get("/events", (c) => {
    const { chat } = userActions(context, readQuery(c, userQuery));
    return streamSSE(c, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      await serveEvents(
        context,
        chat.user.id,
        stream,
        AbortSignal.any([gone.signal, context.closing]),
      );
    });
  });
  return app;
}

async function serveEvents(
  context: ControlContext,
  user: number,
  stream: SSEStreamingApi,
  signal: AbortSignal,
): Promise<void> {
  const send = (event: string, data: unknown): void =>
    void stream.writeSSE({ event, data: JSON.stringify(data) });
  send("chat", chatOf(context, user));
  const stop = context.backend.hub.listen((event) => forward(context, user, event, send));
  let last = "";
  try {
    while (!signal.aborted) {
      const world = JSON.stringify(worldState(context));
      const data = `{"now":${context.clock.now()},${world.slice(1)}`;
      if (world !== last) await stream.writeSSE({ event: "world", data });
      last = world;
      await sleep(WORLD_LOOK_MS, signal).catch(() => {});
    }
  } finally {
    stop();
  }
}

function chatOf(context: ControlContext, user: number): Record<string, unknown> {
  const { backend } = context;
  return {
    bot: { firstName: backend.bot.firstName, username: backend.bot.username },
    ...chatState(context, userActions(context, { user }).chat),
  };
}

function forward(
  context: ControlContext,
  user: number,
  event: HubEvent,
  send: (event: string, data: unknown) => void,
): void {
  if ("message" in event) {
    const { chat } = userActions(context, { user });
    if (event.message.chatId === user) send(event.type, messageState(context, chat, event.message));
  } else if ("answer" in event) {
    if (event.answer.chatId === user) send(event.type, toastState(event.answer));
  } else if (event.chatId === user || event.chatId === 0) {
    const isMoment = event.type === "action" || event.type === "callback";
    send(isMoment ? event.type : "chat", isMoment ? event : chatOf(context, user));
  }
}
