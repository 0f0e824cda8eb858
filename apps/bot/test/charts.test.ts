import { createCanvas, loadImage } from "@napi-rs/canvas";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { captionOf, pictureOf, rangeOf, SPANS, type Span } from "../src/charts/chart-data.ts";
import { ChartDesk } from "../src/charts/chart-desk.ts";
import { Drawer } from "../src/charts/drawer.ts";
import {
  BUCKET_MS,
  between,
  bucketOf,
  type Look,
  lookAt,
  NOTHING,
  type Phase,
  plus,
} from "../src/charts/rollup.ts";
import { type BucketRow, RollupStore } from "../src/charts/rollup-store.ts";
import { encodePress } from "../src/kit/callback.ts";
import { SureSender } from "../src/kit/chat/sure-sender.ts";
import { meet, startFleet } from "./chat.ts";
import { ALL_WORDS, controlDb, EN, NOW, silent, statusOf, WORKER } from "./support.ts";
import { plainText } from "./telegram-html.ts";

const PHASES: readonly Phase[] = ["up", "wait", "down", "off"];
const QUIET: Look = {
  at: NOW,
  phase: "up",
  received: 0,
  relayed: 0,
  startedAt: 1,
  waitUntil: null,
};

/** Looks one after the other: times and counters only grow. */
const looks = fc
  .array(
    fc.record({
      after: fc.integer({ min: 1, max: 60_000 }),
      phase: fc.constantFrom(...PHASES),
      received: fc.nat(500),
      relayed: fc.nat(50),
      restarted: fc.boolean(),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    const all = [QUIET];
    for (const step of steps) {
      const last = all.at(-1) ?? QUIET;
      const startedAt = step.restarted ? last.at + 1 : last.startedAt;
      const counters = {
        received: (last.received ?? 0) + step.received,
        relayed: (last.relayed ?? 0) + step.relayed,
      };
      all.push({ ...last, ...counters, at: last.at + step.after, phase: step.phase, startedAt });
    }
    return all;
  });

describe("roll-ups", () => {
  test("add up to what the counters and the clock say, however the looks fall into buckets", () => {
    fc.assert(
      fc.property(looks, (all) => {
        const sums = new Map<number, typeof NOTHING>();
        all.slice(1).forEach((now, n) => {
          for (const [at, more] of between(all[n] ?? QUIET, now))
            sums.set(at, plus(sums.get(at) ?? NOTHING, more));
        });
        const total = [...sums.values()].reduce(plus, NOTHING);
        const last = all.at(-1) ?? QUIET;
        expect([total.received, total.relayed]).toEqual([last.received, last.relayed]);
        expect(total.up + total.wait + total.down + total.off).toBe(last.at - NOW);
        for (const phase of PHASES)
          expect(total[phase]).toBe(
            all
              .slice(1)
              .reduce(
                (sum, now, n) => sum + (all[n]?.phase === phase ? now.at - (all[n]?.at ?? 0) : 0),
                0,
              ),
          );
        for (const [at, row] of sums) {
          expect(at).toBe(bucketOf(at));
          expect(row.up + row.wait + row.down + row.off).toBeLessThanOrEqual(BUCKET_MS);
        }
      }),
    );
  });

  test.each<[string, Partial<Look>, Partial<Look>, object]>([
    [
      "a counter that restarted counts from zero",
      { received: 900 },
      { received: 4 },
      { received: 4 },
    ],
    [
      "a route that was taken away delivers nothing by that",
      { relayed: 900 },
      { relayed: 4 },
      { relayed: 0 },
    ],
    ["the time while the bot was away is unknown", { at: NOW - 120_000 }, {}, { up: 0, down: 0 }],
    [
      "what was counted while the bot was away is kept",
      { at: NOW - 120_000, received: 5 },
      { received: 9 },
      { received: 4 },
    ],
    ["another process is a restart", { startedAt: 1 }, { startedAt: 2 }, { restarts: 1 }],
    [
      "a start after a stop on purpose is none",
      { startedAt: 1, phase: "off" },
      { startedAt: 2 },
      { restarts: 0 },
    ],
    [
      "a pause counts once, with its length",
      { waitUntil: null },
      { waitUntil: NOW + 90_000 },
      { waits: 1, longestWait: 90_000 },
    ],
    [
      "the same pause is not another one",
      { waitUntil: NOW + 90_000 },
      { waitUntil: NOW + 90_000 },
      { waits: 0 },
    ],
  ])("%s", (_what, before, now, expected) => {
    const found = [
      ...between({ ...QUIET, at: NOW - 1000, ...before }, { ...QUIET, ...now }).values(),
    ];
    expect(found.reduce(plus, NOTHING)).toMatchObject(expected);
  });

  test("a status of a host that is silent says nothing", () => {
    expect(lookAt(statusOf("news_1", { updatedAt: NOW - 31_000 }), null, NOW).phase).toBeNull();
    expect(lookAt(statusOf("news_1"), null, NOW).phase).toBe("up");
  });

  test("are kept over a restart, eight days long, and only of workers that there are", async () => {
    const db = await controlDb();
    const look = (at: number, received: number): Look => ({ ...QUIET, at, received });
    const day = 24 * 3_600_000;
    new RollupStore(db).add(new Map([[WORKER, look(NOW - 9 * day, 1)]]));
    new RollupStore(db).add(new Map([[WORKER, look(NOW - 9 * day + 1000, 6)]]));
    const store = new RollupStore(db);
    store.add(
      new Map([
        [WORKER, look(NOW, 10)],
        ["gone", look(NOW, 10)],
      ]),
    );
    store.add(new Map([["gone", look(NOW + 1000, 20)]]));
    expect(store.read(null, 0, NOW + day).map((row) => row.received)).toEqual([5, 14]);
    store.prune([WORKER], NOW);
    expect(store.read(null, 0, NOW + day).map((row) => [row.received, row.workers])).toEqual([
      [4, 1],
    ]);
    expect(store.read("gone", 0, NOW + day)).toEqual([]);
  });
});

const count = fc.nat(99_999);
const time = fc.nat(BUCKET_MS);
const rowsOf = (span: Span): fc.Arbitrary<BucketRow[]> => {
  const { from, to } = rangeOf(span, NOW);
  const buckets = Array.from({ length: (to - from) / BUCKET_MS }, (_, n) => from + n * BUCKET_MS);
  const numbers = {
    received: count,
    relayed: count,
    up: time,
    wait: time,
    down: time,
    off: time,
    restarts: fc.nat(9),
    waits: fc.nat(9),
  };
  return fc
    .subarray(buckets)
    .chain((chosen) =>
      fc.tuple(...chosen.map((at) => fc.record({ ...numbers, at: fc.constant(at) }))),
    )
    .map((rows) => rows.map((row) => ({ ...row, workers: 1, longestWait: row.waits * 1000 })));
};

describe.each(SPANS)("the table under a chart of %s", (span) => {
  test("has the numbers of the roll-ups, and fits a caption in every language", () => {
    fc.assert(
      fc.property(rowsOf(span), fc.constantFrom(...ALL_WORDS), (rows, words) => {
        const text = plainText(captionOf({ words, name: "n".repeat(32), span, now: NOW, rows }));
        expect(text.length).toBeLessThanOrEqual(1024);
        const table = text
          .split("\n")
          .slice(2)
          .map((line) => line.trim().split(/\s+/));
        const sum = table.findIndex(([first]) => first === words.text("chart-head-sum"));
        const column = (n: number): number =>
          table.slice(0, sum).reduce((all, cells) => all + Number(cells[n]), 0);
        const total = rows.reduce(plus, NOTHING);
        for (const [n, key] of [
          [1, "received"],
          [2, "relayed"],
          [4, "restarts"],
          [5, "waits"],
        ] as const) {
          if (total[key] < 1_000_000) expect(Number(table[sum]?.[n]), key).toBe(total[key]);
          if (total[key] < 1_000_000) expect(column(n), key).toBe(total[key]);
        }
      }),
      { numRuns: 30 },
    );
  });
});

/** How much of a picture has a colour that is not its paper's. */
async function inked(
  png: Uint8Array,
): Promise<{ size: [number, number]; paper: string; ink: number }> {
  const image = await loadImage(Buffer.from(png));
  const context = createCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const paper = pixels[0] ?? 0;
  const ink = pixels.reduce((all, pixel) => all + (pixel === paper ? 0 : 1), 0) / pixels.length;
  return { size: [image.width, image.height], paper: (paper >>> 0).toString(16), ink };
}

test("pictures are 1280×720, light or dark, and not blank, also without any numbers", async () => {
  const drawer = new Drawer();
  const { to } = rangeOf("24h", NOW);
  const row = {
    ...NOTHING,
    at: to - BUCKET_MS,
    workers: 1,
    received: 7,
    up: 400_000,
    down: 1000,
    restarts: 1,
    waits: 1,
  };
  const chart = { words: EN, name: null, span: "24h" as const, now: NOW };
  for (const [rows, dark, paper] of [
    [[row], false, "ffffffff"],
    [[], true, "ff2b2117"],
  ] as const) {
    const found = await inked(
      (await drawer.draw(pictureOf({ ...chart, rows }, dark))) ?? new Uint8Array(),
    );
    expect(found).toMatchObject({ size: [1280, 720], paper });
    expect(found.ink).toBeGreaterThan(0.05);
  }
});

test("a press brings the chart of a worker, its buttons switch it in place, and ✖️ takes it away", async () => {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.addWorker(WORKER, { id: "777", name: "Ann" });
  const now = Date.now();
  fleet.parts.rollups.add(new Map([[WORKER, { ...QUIET, at: now - 1000 }]]));
  fleet.parts.rollups.add(new Map([[WORKER, { ...QUIET, at: now, received: 42 }]]));
  await fleet.poll();
  await fleet.waitForBot(777, "Fleet");
  await fleet.parts.panels.replace("777", { kind: "worker", worker: WORKER });
  const panel = await fleet.waitForBot(777, WORKER);
  await fleet.post("/chat/press", {
    user: 777,
    messageId: panel.id,
    data: encodePress("chart", WORKER),
  });
  const chart = await fleet.waitForBot(777, "last 24 hours");
  expect(chart.text).toMatch(/sum +42 +0/);
  expect(chart.keyboard.flat().map((button) => button.text)).toContain("• 24 h");
  const press = (labelContains: string) =>
    fleet.post("/chat/press", { user: 777, messageId: chart.id, labelContains });
  await press("7 d");
  const week = await fleet.waitForBot(777, "last 7 days");
  expect(week.id).toBe(chart.id);
  await press("Dark");
  await expect.poll(() => fleet.parts.settings.all().darkCharts).toEqual(["777"]);
  await press("Close");
  await expect
    .poll(async () => (await fleet.shown(777)).some((message) => message.id === chart.id))
    .toBe(false);
});

test("without the package that draws, or when it fails, the table comes alone and says why", async () => {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  const { rollups, ...parts } = fleet.parts;
  const failing = new Error("no memory");
  for (const [id, draw, why] of [
    ["press-0000000001", async () => null, "No picture"],
    ["press-0000000002", () => Promise.reject(failing), "could not be drawn"],
  ] as const) {
    const desk = new ChartDesk({
      ...parts,
      rollups,
      api: fleet.bot.api,
      log: silent,
      drawer: { draw },
    });
    await desk.send("777", desk.wish("777", "", ""), id);
    const shown = (await fleet.shown(777)).filter((message) => message.text.includes(why));
    expect(shown).toHaveLength(1);
    expect(shown[0]?.text).toContain("Fleet · last 24 hours");
  }
});

test("a chart whose press is handled again after a crash is found, not sent twice", async () => {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  const desk = () =>
    new ChartDesk({
      ...fleet.parts,
      sender: new SureSender(fleet.bot.api, fleet.db),
      api: fleet.bot.api,
      log: silent,
      drawer: new Drawer(),
    });
  const wish = desk().wish("777", "", "");
  await desk().send("777", wish, "press-0000000001");
  await desk().send("777", wish, "press-0000000001");
  expect(
    (await fleet.shown(777)).filter((message) => message.text.includes("last 24 hours")),
  ).toHaveLength(1);
  await desk().send("777", wish, "press-0000000002");
  expect(
    (await fleet.shown(777)).filter((message) => message.text.includes("last 24 hours")),
  ).toHaveLength(2);
});
