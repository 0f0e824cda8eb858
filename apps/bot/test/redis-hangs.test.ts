/**
 * Logins, acts on many workers, and routes while a real Redis hangs: each press is answered, and
 * the card says why (field fault A9).
 */
import { newSealKeyPair, Route, type WorkerStatus } from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { StatusWriter } from "@flotilla/queue";
import { type RedisHarness, startRedis, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Screen } from "../src/kit/chat/screen.ts";
import type { WizardStep } from "../src/login/wizard-state.ts";
import { WizardStore } from "../src/login/wizard-store.ts";
import { type Fleet, type Shown, startFleet } from "./chat.ts";
import { ANN, EN, HOST, statusOf, WORKER } from "./support.ts";

const HOSTS = [HOST, ...["host-b", "host-c", "host-d"].map(parseHostId)];

interface Hanging {
  readonly fleet: Fleet;
  readonly redis: RedisHarness;
  readonly seen: (status: WorkerStatus) => Promise<void>;
}

async function hanging(): Promise<Hanging> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const fleet = await startFleet({ REDIS_URL: redis.url });
  HOSTS.forEach((host, n) => {
    fleet.parts.workers.add(parseWorkerId(`news_${n + 1}`), host, "777", 1);
  });
  await fleet.poll();
  await fleet.post("/chat/start", { user: 777, firstName: "Ann" });
  await fleet.waitForBot(777, "Fleet");
  const seen = async (status: WorkerStatus): Promise<void> => {
    const writer = new StatusWriter(fleet.place, () => {});
    await writer.write(status);
    writer.close();
  };
  return { fleet, redis, seen };
}

async function card(fleet: Fleet): Promise<Shown> {
  return await waitFor(async () =>
    (await fleet.shown(777)).findLast(
      ({ from, keyboard }) => from === "bot" && keyboard.length > 0,
    ),
  );
}

/**
 * Presses while nothing comes from Redis; waits for the answer to the press and for the reason on
 * the card.
 */
async function press({ fleet, redis }: Hanging, data: string): Promise<string> {
  const { id } = await card(fleet);
  redis.freeze();
  try {
    const pressed = await fleet.post("/chat/press", { messageId: id, data });
    expect(pressed).toMatchObject({ answered: true });
    const says = async (): Promise<string | null> => {
      const { text } = await card(fleet);
      return ["problem", "why"].some((kind) => text.includes(EN.text(`${kind}-redis-hangs`)))
        ? text
        : null;
    };
    // Nothing comes from Redis until this is seen.
    return await waitFor(says, { what: `the reason after ${data}` });
  } finally {
    redis.thaw();
  }
}

const code = {
  kind: "ask-code",
  via: "app",
  length: 1,
  nextVia: "sms",
  resendAt: 0,
  expiresAt: 9e15,
  note: null,
  dead: false,
} as const;
const STEPS: readonly (readonly [string, WizardStep | null, (fleet: Fleet) => void])[] = [
  ["v1:login:news_1:", null, () => {}],
  ["v1:lqr:news_1:", { kind: "ask-phone", known: null, note: null }, () => {}],
  ["v1:lphone:news_1:", { kind: "ask-phone", known: "+49 *** 01", note: null }, () => {}],
  [
    "v1:lsend:news_1:",
    code,
    ({ parts: { wizard } }) => {
      const row = wizard.of(ANN);
      if (row) wizard.key(row, "1");
    },
  ],
  ["v1:lnew:news_1:", code, () => {}],
  [
    "v1:lkeep:news_1:",
    { kind: "confirm-account", now: "Ann", before: "Ben", note: null },
    () => {},
  ],
  [
    "v1:luse:news_1:",
    {
      kind: "confirm-session",
      known: null,
      format: "telethon",
      userId: "1",
      resumes: true,
      otherApiId: null,
    },
    () => {},
  ],
  ["v1:lcancel:news_1:", { kind: "ask-phone", known: null, note: null }, () => {}],
];

describe("a press in a login", () => {
  test.each(STEPS)("%s", async (data, step, before) => {
    const it = await hanging();
    const { panels } = it.fleet.parts;
    const { publicKey } = newSealKeyPair();
    const expiresAt = Date.now() + 600_000;
    if (step)
      new WizardStore(it.fleet.db).save({
        admin: ANN,
        worker: WORKER,
        login: "0123456789abcdef",
        publicKey,
        step,
        expiresAt,
      });
    before(it.fleet);
    await it.seen(statusOf("news_1", { state: "NEEDS_LOGIN", updatedAt: Date.now() }));
    await panels.replace(
      "777",
      step ? { kind: "login", worker: WORKER } : { kind: "worker", worker: WORKER },
    );
    await press(it, data);
  });
});

describe("an act on the workers of four hosts", () => {
  test.each(["start", "stop", "restart", "maintenance"] as const)("%s", async (what) => {
    const it = await hanging();
    const at = Date.now();
    await it.fleet.parts.panels.replace("777", {
      kind: "confirm",
      what,
      worker: null,
      tag: "",
      at,
    });
    const said = await press(it, `v1:yes::${Math.floor(at / 1000).toString(36)}`);
    expect(said).toContain("0 done");
  });

  test("told to stop", async () => {
    const it = await hanging();
    const { bulks, panels } = it.fleet.parts;
    bulks.begin(
      { id: "press-0000000000000001", action: "restart", workers: ["w1", "w2", "w3", "w4"] },
      { id: "777", name: "Ann" },
      HOSTS,
      Date.now(),
    );
    await panels.replace("777", { kind: "bulk", bulk: "press-0000000000000001" });
    const said = await press(it, "v1:bulkstop::0000000000000001");
    expect(said, "no host was told to stop").toContain("Under way");
    expect(bulks.find("press-0000000000000001")?.cancelled).toBe(false);
  });
});

describe("a change of routes", () => {
  const SCREENS: readonly (readonly [string, Screen])[] = [
    ...["on", "edits", "alert", "dry", "fill", "remove"].map(
      (op) => [`v1:rset:r1:${op}`, { kind: "route", route: "r1", sure: false }] as const,
    ),
    ["v1:rset:r1:gone", { kind: "route", route: "r1", sure: true }],
    ["v1:routes::", { kind: "menu" }],
    ["v1:rnew:news_1:", { kind: "routes", worker: "news_1" }],
  ];
  test.each(SCREENS)("%s", async (data, screen) => {
    const it = await hanging();
    const { relay, panels } = it.fleet.parts;
    for (const n of [1, 2, 3, 4])
      relay.put(
        Route.parse({
          id: `r${n}`,
          from: { worker: `news_${n}`, chats: ["@a_1_a", `@b_${n}_b`] },
          to: { kind: "webhook", url: "https://example.org/" },
        }),
      );
    await relay.flush();
    await panels.replace("777", screen);
    await press(it, data);
  });
});
