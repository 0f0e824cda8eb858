import { describe, expect, test } from "vitest";
import { idArg } from "../src/admins/admins.ts";
import { ALERT_KINDS } from "../src/alerts/kinds.ts";
import { REGISTRY } from "../src/app/features.ts";
import { limitsScreen } from "../src/health/limits.ts";
import type { Verb } from "../src/kit/button.ts";
import { CALLBACK_LIMIT_BYTES, decodePress, encodePress } from "../src/kit/callback.ts";
import { sourceKey } from "../src/relay/source-key.ts";
import { copyRef } from "../src/session/backups.ts";
import { workersScreen } from "../src/workers/list.ts";
import { menuScreen } from "../src/workers/menu.ts";
import { listOf, seenBy, viewOf, workerView } from "./support.ts";
import { checkCard, labels } from "./telegram-html.ts";

/** The longest name of a worker or a route, and the longest tag. */
const NAME = "w".repeat(32);
const TAG = "t".repeat(16);
/** Seconds and milliseconds of the year 2037, as confirmations carry them. */
const AT_MS = 2_145_916_799_000;
const STAMP = Math.floor(AT_MS / 1000).toString(36);
const COPY = copyRef({ kind: "backup", at: AT_MS });
const PID = (4_194_304).toString(36);
const USER = idArg(String(2n ** 53n));
const NUMBER = (9_999_999).toString(36);
const PAGE = "99999-p";

type Longest = readonly (readonly [of: string, arg: string])[];
const alone: Longest = [["", ""]];
const named: Longest = [[NAME, ""]];

/**
 * Every kind of button with the longest that it can carry. A new one has to be entered here, or
 * nothing compiles.
 */
const LONGEST: Readonly<Record<Verb, Longest>> = {
  menu: alone,
  workers: [[TAG, PAGE]],
  these: [["", NUMBER]],
  runbook: ALERT_KINDS.map((kind) => ["", kind]),
  crew: [["", `${NUMBER}-99999`]],
  worker: named,
  restart: named,
  start: named,
  stop: named,
  log: [[NAME, "error"]],
  check: named,
  look: named,
  who: named,
  retry: named,
  backups: named,
  bnow: named,
  brest: [
    [NAME, COPY],
    [NAME, "golden"],
  ],
  brestyes: [
    [NAME, `${COPY}-${STAMP}`],
    [NAME, `golden-${STAMP}`],
  ],
  hstop: [[NAME, PID]],
  hstopyes: [[NAME, `${PID}-${STAMP}`]],
  resume: named,
  resumeyes: [[NAME, STAMP]],
  rules: named,
  ruleset: [[NAME, "w3600"]],
  floating: named,
  floatoff: named,
  floaton: named,
  proxy: named,
  proxyyes: [[NAME, STAMP]],
  add: alone,
  login: named,
  lphone: named,
  lkey: [[NAME, "9"]],
  lback: named,
  lsend: named,
  lnew: named,
  lcancel: named,
  lkeep: named,
  lqr: named,
  lfile: named,
  luse: named,
  logfile: named,
  logins: [["", PAGE]],
  alerts: [
    ["", "taken-99999"],
    ["", "muted-99999"],
  ],
  take: [["", NUMBER]],
  hush: [["", NUMBER]],
  mute: [[NAME, "1440"]],
  maintain: [[NAME, "1440"]],
  test: alone,
  drill: alone,
  health: alone,
  doctor: alone,
  settings: alone,
  lang: [["", "en"]],
  zone: [["", "off"]],
  limits: alone,
  schedules: alone,
  schedule: [["restart", ""]],
  schedset: [["restart", "h22"]],
  schedtag: [[TAG, ""]],
  schedcron: [["restart", ""]],
  schedrun: [["restart", ""]],
  quiet: [["", "off"]],
  together: [["", "1"]],
  admins: alone,
  admin: [["", USER]],
  invite: [["", "operator"]],
  setrole: [["", `${USER}-w`]],
  unadmin: [["", USER]],
  audit: [[NAME, PAGE]],
  auditfile: named,
  find: alone,
  cancel: alone,
  more: named,
  rename: named,
  note: named,
  tags: named,
  delete: named,
  logout: named,
  rmsession: named,
  devices: named,
  chart: [
    [NAME, "24h-d"],
    [NAME, "close"],
  ],
  bulk: [[TAG, "maintenance"]],
  bulkstop: [["", "0".repeat(16)]],
  yes: [[NAME, STAMP]],
  record: [[NAME, ""]],
  recordyes: [[NAME, `${(4102444800000).toString(36)}-${STAMP}`]],
  recordno: [[NAME, ""]],
  move: named,
  moveto: [[NAME, "0123456789ab"]],
  movestop: named,
  drain: named,
  drainmove: [[NAME, STAMP]],
  drainstop: [[NAME, STAMP]],
  draincancel: named,
  drainend: named,
  hosts: alone,
  host: named,
  addat: named,
  hforget: named,
  hforgetyes: [[NAME, STAMP]],
  hforgetkeep: [[NAME, STAMP]],
  roll: [["", "press-9999999999"]],
  rollyes: [["", STAMP]],
  rollstop: alone,
  routes: named,
  route: named,
  rset: [[NAME, "deletes"]],
  rnew: named,
  redit: named,
  rwiz: [["summary", sourceKey("@source")]],
  sources: named,
  srcset: [[NAME, sourceKey("@source")]],
};

test("every kind of button is in the table", () => {
  expect(Object.keys(LONGEST).sort()).toEqual([...REGISTRY.buttons.keys()].sort());
});

test.each(Object.entries(LONGEST) as [Verb, Longest][])(
  "%s fits with all that it can carry, and is read back as it was",
  (verb, longest) => {
    for (const [worker, arg] of longest) {
      const data = encodePress(verb, worker, arg);
      expect(Buffer.byteLength(data)).toBeLessThanOrEqual(CALLBACK_LIMIT_BYTES);
      expect(decodePress(data)).toEqual({ verb, about: worker, arg });
    }
  },
);

describe("the list of workers", () => {
  const tagged = { ...workerView("news_1"), tags: ["eu"] };
  const view = viewOf([tagged, { ...workerView("europe"), tags: ["west"] }]);

  test(
    "has a button for each tag, and shows those with a tag alone, with what can be done to all " +
      "of them",
    () => {
      expect(labels(workersScreen(view, listOf(0)))).toEqual(
        expect.arrayContaining(["🏷 eu", "🏷 west"]),
      );
      const card = workersScreen(view, { ...listOf(0), find: "#eu" });
      expect(checkCard(card)).not.toContain("europe");
      expect(labels(card)).toEqual(
        expect.arrayContaining(["▶️ Start #eu", "🔄 Restart #eu", "⏹ Stop #eu"]),
      );
      const data = card.keyboard.flat().find((button) => button.text === "⏹ Stop #eu");
      expect(data).toMatchObject({ callback_data: encodePress("bulk", "eu", "stop") });
    },
  );

  test("lets viewers look only", () => {
    const card = workersScreen({ ...view, ...seenBy("viewer") }, { ...listOf(0), find: "#eu" });
    expect(labels(card).filter((label) => label.includes("#eu"))).toEqual([]);
    expect(labels(menuScreen({ ...view, ...seenBy("viewer") }))).not.toContain("⏹ Stop all");
  });
});

test("the limits are those of the configuration, with the name of each setting", () => {
  const limits = {
    sendsPerMinute: 13,
    spacingMs: 5000,
    crashDelayMs: 30_000,
    crashLimit: 7,
    windowMs: 600_000,
  };
  const more = { memoryBytes: 512 * 1024 * 1024, alertHoldMs: 30_000 };
  const text = checkCard(limitsScreen(viewOf([]), { ...limits, ...more }));
  expect(text).toMatch(/at most 13 messages a minute \(SENDS_PER_MINUTE\)/);
  expect(text).toMatch(/Restart after 30 s \(RESTART_DELAY_S\); gives up after 7 in 10 min/);
  expect(text).toMatch(/above 512 MB \(WORKER_MEMORY_MB\)/);
});
