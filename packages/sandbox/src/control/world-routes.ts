import { AppError, LoopShare } from "@flotilla/kernel";
import { Hono } from "hono";
import { z } from "zod";
import { CODE_VIAS } from "../world/views.ts";
import { type App, type ControlContext, readBody, readQuery } from "./context.ts";
import { file, newAlbum, newPost, phone } from "./post-body.ts";

const newAccount = z.strictObject({
  phone,
  firstName: z.string().max(64).exactOptional(),
  lastName: z.string().max(64).exactOptional(),
  username: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{3,31}$/)
    .exactOptional(),
  password: z.string().min(1).max(256).exactOptional(),
  passwordHint: z.string().max(255).exactOptional(),
  dc: z.int().min(1).max(5).exactOptional(),
  codeVia: z.enum(CODE_VIAS).exactOptional(),
});
const newChannel = z.strictObject({
  title: z.string().min(1).max(128),
  username: z.string().min(4).exactOptional(),
  members: z.array(phone).default([]),
  supergroup: z.boolean().exactOptional(),
  forum: z.boolean().exactOptional(),
  bot: z.boolean().exactOptional(),
  noforwards: z.boolean().exactOptional(),
  discusses: z
    .string()
    .regex(/^[0-9]{1,16}$/)
    .exactOptional(),
});
const topicTitle = z.string().min(1).max(128);
const topicChange = z.strictObject({
  title: topicTitle.exactOptional(),
  closed: z.boolean().exactOptional(),
});
const newGroup = z.strictObject({
  title: z.string().min(1).max(128),
  members: z.array(phone).min(1),
  noforwards: z.boolean().exactOptional(),
});
const text = z.string().min(1).max(4096);
const newMessage = z.strictObject({
  from: phone,
  to: phone,
  text,
  unreadable: z.boolean().default(false),
});
const newBurst = z.strictObject({
  channels: z.array(z.string()).min(1),
  count: z.int().min(1).max(100_000),
  text: z.string().max(4000).default("burst"),
  edits: z.boolean().default(false),
});
/** Milliseconds before the event loop turns. */
const SLICE_MS = 15;

/** Accounts, codes, QR logins, channels, private messages and connections of the MTProto world. */
export function worldRoutes(context: ControlContext): App {
  const app: App = new Hono();
  accountRoutes(app, context);
  messageRoutes(app, context);
  topicRoutes(app, context);
  const { world } = context;
  app.get("/connections", (c) => c.json(world.connections()));
  app.get("/connections/log", (c) => c.json(world.connectionLog()));
  app.get("/counters", (c) =>
    c.json({ botApi: context.backend.journal.counters(), mtproto: world.counters() }),
  );
  return app;
}

function accountRoutes(app: App, { world }: ControlContext): void {
  app.get("/accounts", (c) => c.json(world.accounts()));
  app.post("/accounts", async (c) =>
    c.json(world.createAccount(await readBody(c, newAccount)), 201),
  );
  app.get("/accounts/:phone", (c) => c.json(world.account(phoneParam(c.req.param("phone")))));
  app.get("/accounts/:phone/code", (c) =>
    c.json(world.latestCode(known(world, c.req.param("phone")))),
  );
  app.get("/accounts/:phone/sessions", (c) =>
    c.json(world.sessions(known(world, c.req.param("phone")))),
  );
  app.delete("/accounts/:phone/sessions/:keyId", (c) => {
    world.terminateSession(known(world, c.req.param("phone")), c.req.param("keyId"));
    return c.json({ ok: true });
  });
  app.get("/accounts/:phone/history", (c) => {
    const { chat } = readQuery(c, z.strictObject({ chat: z.string().min(1) }));
    return c.json(world.history(known(world, c.req.param("phone")), chat));
  });
  app.get("/qr", (c) => c.json(world.pendingQrLogins()));
  app.post("/accounts/:phone/qr", async (c) => {
    const { token } = await readBody(c, z.strictObject({ token: z.string().min(1) }));
    world.acceptQrLogin(
      known(world, c.req.param("phone")),
      token.replace(/^tg:\/\/login\/?\?token=/, ""),
    );
    return c.json({ ok: true });
  });
}

/**
 * Many posts at once, in turns to each of the channels, numbered from 1; or as many edits of a
 * first post.
 */
async function burst(
  { world }: ControlContext,
  { channels, count, text: said, edits }: z.infer<typeof newBurst>,
): Promise<{ posts: number }> {
  const share = new LoopShare(SLICE_MS);
  const edited = new Map(edits ? channels.map((id) => [id, world.postToChannel(id, said)]) : []);
  for (let n = 1; n <= count; n++) {
    const channel = channels[(n - 1) % channels.length] ?? "";
    const message = edited.get(channel);
    if (message === undefined) world.postToChannel(channel, `${said} ${n}`);
    else world.editInChannel(channel, message, `${said} ${n}`);
    await share.turn();
  }
  return { posts: edits ? channels.length : count };
}

function messageRoutes(app: App, context: ControlContext): void {
  const { world } = context;
  let albums = Date.now();
  app.post("/burst", async (c) => c.json(await burst(context, await readBody(c, newBurst)), 201));
  app.get("/channels", (c) => c.json(world.channels()));
  app.post("/channels", async (c) =>
    c.json(world.createChannel(await readBody(c, newChannel)), 201),
  );
  app.post("/channels/:id/messages", async (c) => {
    const { text: said, ...more } = await readBody(c, newPost);
    return c.json({ id: world.postToChannel(c.req.param("id"), said, more) }, 201);
  });
  app.post("/channels/:id/albums", async (c) => {
    const { text: said, files, ...more } = await readBody(c, newAlbum);
    const groupedId = String(++albums);
    const post = (each: z.infer<typeof file>, n: number): number =>
      world.postToChannel(c.req.param("id"), n === 0 ? said : "", {
        ...more,
        file: each,
        groupedId,
      });
    return c.json({ ids: files.map(post) }, 201);
  });
  app.patch("/channels/:id/messages/:message", async (c) => {
    const body = await readBody(c, z.strictObject({ text, file: file.exactOptional() }));
    world.editInChannel(c.req.param("id"), Number(c.req.param("message")), body.text, body.file);
    return c.json({ ok: true });
  });
  app.delete("/channels/:id/messages/:message", (c) => {
    world.deleteInChannel(c.req.param("id"), [Number(c.req.param("message"))]);
    return c.json({ ok: true });
  });
  app.get("/groups", (c) => c.json(world.groups()));
  app.post("/groups", async (c) => c.json(world.createGroup(await readBody(c, newGroup)), 201));
  app.post("/groups/:id/migrate", (c) => c.json(world.migrateGroup(c.req.param("id")), 201));
  app.post("/groups/:id/messages", async (c) => {
    const body = await readBody(c, z.strictObject({ from: phone, text }));
    return c.json({ id: world.sendToGroup(c.req.param("id"), body.from, body.text) }, 201);
  });
  app.post("/messages", async (c) => {
    const { from, to, unreadable, ...said } = await readBody(c, newMessage);
    return c.json({ id: world.sendPrivate(from, to, said.text, unreadable) }, 201);
  });
}

function topicRoutes(app: App, { world }: ControlContext): void {
  app.get("/channels/:id/topics", (c) => c.json(world.topics.list(c.req.param("id"))));
  app.post("/channels/:id/topics", async (c) => {
    const { title } = await readBody(c, z.strictObject({ title: topicTitle }));
    return c.json({ id: world.topics.create(c.req.param("id"), title) }, 201);
  });
  app.patch("/channels/:id/topics/:topic", async (c) => {
    world.topics.change(
      c.req.param("id"),
      Number(c.req.param("topic")),
      await readBody(c, topicChange),
    );
    return c.json({ ok: true });
  });
  app.delete("/channels/:id/topics/:topic", (c) => {
    world.topics.delete(c.req.param("id"), Number(c.req.param("topic")));
    return c.json({ ok: true });
  });
}

/** Paths may carry the phone with or without its plus sign. */
function phoneParam(raw: string): string {
  const parsed = phone.safeParse(raw);
  if (!parsed.success)
    throw new AppError("bad-request", "A phone has 7 to 15 digits, a + in front is optional.");
  return parsed.data;
}

function known(world: ControlContext["world"], raw: string): string {
  return world.account(phoneParam(raw)).phone;
}
