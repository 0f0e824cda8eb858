import { AppError } from "@flotilla/kernel";
import { Hono } from "hono";
import { z } from "zod";
import type { ButtonChoice } from "../botapi/user.ts";
import {
  type App,
  actor,
  type ControlContext,
  readBody,
  readQuery,
  userActions,
  userQuery,
} from "./context.ts";
import { chatState, messageState, people, personOf, toastState, transcript } from "./views.ts";

const LONGEST_WAIT_MS = 60_000;
const textBody = actor.extend({ text: z.string(), replyTo: z.int().optional() });
const fileBody = actor.extend({ name: z.string().min(1).max(200), base64: z.base64() });
const editBody = actor.extend({ text: z.string(), messageId: z.int() });
const blockBody = actor.extend({ blocked: z.boolean() });
const pressBody = actor
  .extend({
    messageId: z.int().optional(),
    label: z.string().optional(),
    labelContains: z.string().min(1).optional(),
    data: z.string().optional(),
    waitMs: z.int().min(0).max(LONGEST_WAIT_MS).default(5000),
  })
  .refine((body) => (body.label ?? body.labelContains ?? body.data) !== undefined, {
    message: "give label, labelContains or data",
  });

const personBody = z.strictObject({
  firstName: z.string().min(1).max(64),
  username: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{3,31}$/)
    .optional(),
  user: z.int().positive().optional(),
});

/** The admin's (or any user's) side of the chat: read, start, write, press, block. */
export function chatRoutes(context: ControlContext): App {
  const app: App = new Hono();
  app.get("/chat", (c) =>
    c.json(chatState(context, userActions(context, readQuery(c, userQuery)).chat)),
  );
  app.get("/chat/messages", (c) => {
    const { chat } = userActions(context, readQuery(c, userQuery));
    return c.json(chat.messages.map((message) => messageState(context, chat, message)));
  });
  app.get("/transcript", (c) =>
    c.text(transcript(context, userActions(context, readQuery(c, userQuery)).chat)),
  );
  app.get("/people", (c) => c.json(people(context)));
  app.post("/people", async (c) => {
    const { user, ...names } = await readBody(c, personBody);
    const known = people(context).map(({ id }) => id);
    if (user !== undefined && known.includes(user))
      throw new AppError("person-exists", `There is a person ${user}.`);
    const { chat } = userActions(context, { ...names, user: user ?? Math.max(...known) + 1 });
    return c.json(personOf(context, chat), 201);
  });
  app.get("/toasts", (c) => c.json(context.backend.callbacks.answers().map(toastState)));
  app.post("/chat/start", async (c) => {
    const user = userActions(context, await readBody(c, actor));
    return c.json(messageState(context, user.chat, user.start()));
  });
  app.post("/chat/text", async (c) => {
    const body = await readBody(c, textBody);
    const user = userActions(context, body);
    return c.json(messageState(context, user.chat, user.sendText(body.text, body.replyTo ?? null)));
  });
  app.post("/chat/file", async (c) => {
    const body = await readBody(c, fileBody);
    const user = userActions(context, body);
    const bytes = Buffer.from(body.base64, "base64");
    return c.json(messageState(context, user.chat, user.sendFile({ name: body.name, bytes })));
  });
  app.post("/chat/edit", async (c) => {
    const body = await readBody(c, editBody);
    const user = userActions(context, body);
    return c.json(messageState(context, user.chat, user.editText(body.messageId, body.text)));
  });
  app.post("/chat/press", async (c) => {
    const gone = new AbortController();
    c.env.outgoing.once("close", () => gone.abort());
    return c.json(await press(context, await readBody(c, pressBody), gone.signal));
  });
  app.post("/chat/block", async (c) => {
    const body = await readBody(c, blockBody);
    userActions(context, body).block(body.blocked);
    return c.json({ blocked: body.blocked });
  });
  fileRoute(app, context);
  return app;
}

async function press(
  context: ControlContext,
  body: z.infer<typeof pressBody>,
  gone: AbortSignal,
): Promise<Record<string, unknown>> {
  const user = userActions(context, body);
  const choice: ButtonChoice = {
    messageId: body.messageId,
    label: body.label,
    labelContains: body.labelContains,
    data: body.data,
  };
  const pressed = user.press(choice);
  if (pressed.kind === "local") return { ...pressed, answered: true, toast: null };
  const signal = AbortSignal.any([gone, context.closing]);
  const answer = await context.backend.callbacks.waitForAnswer(
    pressed.callbackId,
    body.waitMs,
    signal,
  );
  return {
    ...pressed,
    answered: answer !== null,
    toast: answer === null || answer.text === null ? null : toastState(answer),
  };
}

function fileRoute(app: App, { backend }: ControlContext): void {
  app.get("/files/:id", (c) => {
    const file = backend.files.byUniqueId(c.req.param("id"));
    if (file === undefined) throw new AppError("no-such-file", "There is no such file.");
    const inline = file.mime.startsWith("image/");
    const name = encodeURIComponent(file.name);
    return new Response(Buffer.from(file.bytes), {
      headers: {
        "content-type": inline ? file.mime : "application/octet-stream",
        "content-disposition": `${inline ? "inline" : "attachment"}; filename*=UTF-8''${name}`,
        "cache-control": "private, max-age=3600",
        "content-security-policy": "default-src 'none'; sandbox",
      },
    });
  });
}
