import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { parseWorkerId } from "@flotilla/kernel";
import { StatusWriter } from "@flotilla/queue";
import { type RedisHarness, startRedis, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Screen } from "../src/kit/chat/screen.ts";
import { type Fleet, type Shown, startFleet } from "./chat.ts";
import { ALL_WORDS, EN, HOST, statusOf } from "./support.ts";

/** A bot on a Redis that a test may break. */
async function fleetOn(url: string): Promise<Fleet> {
  const fleet = await startFleet({ REDIS_URL: url });
  for (const name of ["news_1", "news_2"])
    fleet.parts.workers.add(parseWorkerId(name), HOST, "777", 1);
  await fleet.poll();
  await fleet.post("/chat/start", { user: 777, firstName: "Ann" });
  await fleet.waitForBot(777, "Fleet");
  return fleet;
}

const SCREENS: readonly Screen[] = [
  { kind: "menu" },
  { kind: "worker", worker: parseWorkerId("news_1") },
  { kind: "more", worker: parseWorkerId("news_1") },
  { kind: "logins", page: 0 },
  { kind: "workers", page: 0, problems: false, find: "" },
];

/** Shows a screen that has this button, while Redis is well. */
async function bring(fleet: Fleet, data: string): Promise<void> {
  const writer = new StatusWriter(fleet.place, () => {});
  await writer.write(
    statusOf("news_1", { host: HOST, state: "RUNNING", pid: 4242, updatedAt: Date.now() }),
  );
  writer.close();
  for (const screen of SCREENS) {
    await fleet.parts.panels.replace("777", screen);
    if ((await card(fleet)).keyboard.flat().some((button) => button.callback_data === data)) return;
  }
  throw new Error(`no screen has ${data}`);
}

async function ownRedis(): Promise<RedisHarness> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  return redis;
}

/** How often presses were answered. */
const answers = async (fleet: Fleet): Promise<number> =>
  (await fleet.calls()).filter(({ method }) => method === "answerCallbackQuery").length;

/** The chat's live card. */
async function card(fleet: Fleet): Promise<Shown> {
  return await waitFor(async () =>
    (await fleet.shown(777)).findLast(
      ({ from, keyboard }) => from === "bot" && keyboard.length > 0,
    ),
  );
}

/** Presses, and resolves when the press was answered and the card says this. */
async function press(fleet: Fleet, data: string, says: string): Promise<void> {
  const before = await answers(fleet);
  const { id } = await card(fleet);
  await fleet.post("/chat/press", { messageId: id, data });
  await waitFor(async () => (await answers(fleet)) > before, { what: `an answer to ${data}` });
  await waitFor(async () => (await card(fleet)).text.includes(says), {
    what: `the card to say ${says} after ${data}`,
  }).catch(async (cause: unknown) => {
    throw new Error(`the card says: ${(await card(fleet)).text}`, { cause });
  });
}

const text = (key: string): string => EN.text(key);
/** Presses that only look, and presses that ask a host or a worker for something. */
const LOOKS = [
  "v1:menu::",
  "v1:workers::",
  "v1:worker:news_1:",
  "v1:health::",
  "v1:routes::",
  "v1:alerts::open",
  "v1:more:news_1:",
];
const ASKS = ["stop", "restart", "log", "check", "devices", "backups"].map(
  (verb) => `v1:${verb}:news_1:`,
);

describe("a Redis that hangs", () => {
  test.each(LOOKS)(
    "answers no question of %s, and the press is answered, and the card says why",
    async (data) => {
      const redis = await ownRedis();
      const fleet = await fleetOn(redis.url);
      await bring(fleet, data);
      redis.freeze();
      // Nothing comes from Redis until the end of this test.
      await press(fleet, data, text("why-redis-hangs"));
      redis.thaw();
      await waitFor(async () => (await fleet.parts.views.look()).fresh, {
        what: "Redis to be back",
      });
      await fleet.parts.panels.refresh("777", "urgent");
      expect((await card(fleet)).text).not.toContain(text("why-redis-hangs"));
    },
  );

  test.each(ASKS)(
    "takes no command of %s, and the press is answered, and the card says why",
    async (data) => {
      const redis = await ownRedis();
      const fleet = await fleetOn(redis.url);
      await bring(fleet, data);
      redis.freeze();
      await press(fleet, data, text("problem-redis-hangs"));
      redis.thaw();
    },
  );

  test("does not hold up texts: they are answered with the reason", async () => {
    const redis = await ownRedis();
    const fleet = await fleetOn(redis.url);
    redis.freeze();
    for (const command of ["/restart news_1", "/logs news_1"]) {
      const before = (await fleet.shown(777)).at(-1)?.id ?? 0;
      await fleet.post("/chat/text", { user: 777, text: command });
      await waitFor(
        async () =>
          (await fleet.shown(777)).some(
            (each) => each.id > before && each.text.includes(text("problem-redis-hangs")),
          ),
        { what: `the reason after ${command}` },
      );
    }
    redis.thaw();
  });
});

/** Ways in which a running Redis becomes of no use, each with what undoes it. */
const BREAKS: [string, string, (redis: RedisHarness) => Promise<unknown>][] = [
  ["memory", "restart", (redis) => redis.command("CONFIG", "SET", "maxmemory", "1")],
  ["read-only", "restart", (redis) => redis.command("REPLICAOF", "127.0.0.1", "1")],
  ["gone", "restart", (redis) => redis.kill9()],
  ["gone", "worker", (redis) => redis.kill9()],
  ["hangs", "restart", (redis) => redis.command("CLIENT", "PAUSE", "100000")],
  ["hangs", "check", (redis) => redis.command("CLIENT", "PAUSE", "100000", "WRITE")],
  [
    "permission",
    "restart",
    (redis) => redis.command("ACL", "SETUSER", "default", "-evalsha", "-eval"),
  ],
];

test.each(BREAKS)(
  "what is the matter with Redis is on the card: %s, after a press on %s",
  async (kind, verb, breakIt) => {
    const redis = await ownRedis();
    const fleet = await fleetOn(redis.url);
    const data = `v1:${verb}:news_1:`;
    await bring(fleet, data);
    await breakIt(redis);
    await press(fleet, data, text(`${verb === "worker" ? "why" : "problem"}-redis-${kind}`));
    // One that answers, but refuses writes, has old statuses on every screen.
    if (kind !== "memory" && kind !== "read-only") return;
    await fleet.parts.panels.replace("777", { kind: "menu" });
    for (const key of ["redis-away", `why-redis-${kind}`])
      expect((await card(fleet)).text).toContain(text(key));
  },
);

/** Stands between the bot and Redis: may hold everything back, or answer in its place. */
async function between(
  port: number,
): Promise<{ url: string; hold: () => void; say: (reply: string) => void; let: () => void }> {
  let held = false;
  let reply: string | null = null;
  const sockets = new Set<Socket>();
  const server: Server = createServer((from) => {
    sockets.add(from);
    const to = connect(port, "127.0.0.1");
    sockets.add(to);
    from.on("data", (data) => {
      if (reply !== null)
        from.write(`${reply}\r\n`.repeat(data.toString().split(/\r\n(?=\*\d)/).length));
      else if (!held) to.write(data);
    });
    to.on("data", (data) => !held && from.write(data));
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const)
      one.on("error", () => {}).on("close", () => other.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port: mine } = server.address() as { port: number };
  return {
    url: `redis://127.0.0.1:${mine}`,
    hold: () => (held = true),
    say: (text) => (reply = text),
    let: () => ([held, reply] = [false, null]),
  };
}

test(
  "a way to Redis that swallows everything is a Redis that hangs, and is used again as soon " +
    "as it lets through",
  async () => {
    const redis = await ownRedis();
    const way = await between(redis.port);
    const fleet = await fleetOn(way.url);
    await bring(fleet, "v1:worker:news_1:");
    way.hold();
    await press(fleet, "v1:worker:news_1:", text("why-redis-hangs"));
    way.let();
    await waitFor(async () => (await fleet.parts.views.look()).fresh, {
      what: "Redis to be back",
    });
  },
);

test.each([
  ["loading", "-LOADING Redis is loading the dataset in memory"],
  ["password", "-NOAUTH Authentication required."],
  [
    "disk",
    "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
  ],
  [
    "busy",
    "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
  ],
])("an answer of Redis says what is the matter: %s", async (kind, reply) => {
  const redis = await ownRedis();
  const way = await between(redis.port);
  const fleet = await fleetOn(way.url);
  await bring(fleet, "v1:restart:news_1:");
  way.say(reply);
  await press(fleet, "v1:restart:news_1:", text(`problem-redis-${kind}`));
  expect((await card(fleet)).text).toContain(text(`why-redis-${kind}`));
});

test("a password that is changed while the bot runs is told as such once it has to log in again", async () => {
  const redis = await ownRedis();
  const fleet = await fleetOn(redis.url);
  await bring(fleet, "v1:restart:news_1:");
  await redis.command("CONFIG", "SET", "requirepass", "changed");
  const admin = connect(redis.port, "127.0.0.1");
  admin.write("AUTH changed\r\nCLIENT KILL TYPE normal SKIPME yes\r\n");
  await once(admin, "data");
  onTestFinished(() => void admin.destroy());
  await press(fleet, "v1:restart:news_1:", text("problem-redis-password"));
});

test.each(ALL_WORDS)("every trouble has words and a remedy of its own", (words) => {
  const kinds = [
    "hangs",
    "silent",
    "gone",
    "no-name",
    "memory",
    "read-only",
    "disk",
    "loading",
    "busy",
    "password",
    "permission",
    "full",
    "away",
  ];
  const texts = kinds.flatMap((kind) => [
    words.text(`why-redis-${kind}`),
    words.text(`problem-redis-${kind}`),
  ]);
  expect(new Set(texts).size).toBe(texts.length);
  for (const each of texts) expect(each).toMatch(/Redis|REDIS_URL/);
});
