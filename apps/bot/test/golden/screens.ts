import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { ALERT_TABS } from "../../src/alerts/alerts-screen.ts";
import { ALERT_KINDS } from "../../src/alerts/kinds.ts";
import { REGISTRY } from "../../src/app/features.ts";
import type { Screen } from "../../src/kit/chat/screen.ts";
import { say } from "../../src/kit/words/said.ts";
import { SCHEDULES } from "../../src/schedules/kinds.ts";
import { copyRef } from "../../src/session/backups.ts";
import { CONFIRMED } from "../../src/workers/confirm.ts";
import { HOST, NOW } from "../support.ts";
import { DRAFTS, draftAdmin } from "./drafts.ts";
import { DRAINED_HOST, DRAINS } from "./drains.ts";
import { MOVES } from "./moves.ts";
import { ROLLS } from "./rolls.ts";
import { IN_STATE } from "./states.ts";
import { NEWS } from "./world.ts";

const named = (name: string) => parseWorkerId(name);
const token = "abc";
type Shown<K extends Screen["kind"]> = readonly [
  title: string,
  screen: Extract<Screen, { kind: K }>,
];

/** Questions that the screen `ask` asks, in an order of their own. */
const ASKED = [...REGISTRY.questions.values()]
  .filter(({ screen }) => screen === "ask")
  .map(({ what }) => what)
  .sort();

/**
 * Every kind of screen, in the forms that differ for people. A new kind does not compile until it
 * is here.
 */
export const SCREENS: { readonly [K in Screen["kind"]]: readonly Shown<K>[] } = {
  menu: [["menu", { kind: "menu" }]],
  workers: [
    ["workers", { kind: "workers", page: 0, problems: false, find: "" }],
    ["workers, second page", { kind: "workers", page: 1, problems: false, find: "" }],
    ["workers, last page", { kind: "workers", page: 2, problems: false, find: "" }],
    ["workers, only problems", { kind: "workers", page: 0, problems: true, find: "" }],
    ["workers of a tag", { kind: "workers", page: 0, problems: false, find: "#news" }],
    ["workers, nothing found", { kind: "workers", page: 0, problems: false, find: "zebra" }],
  ],
  worker: [
    ...Object.entries(IN_STATE).map(
      ([state, [name]]): Shown<"worker"> => [
        `worker, ${state}`,
        { kind: "worker", worker: named(name) },
      ],
    ),
    ["worker of a host that is silent", { kind: "worker", worker: named("far_1") }],
    ["worker that was never reported", { kind: "worker", worker: named("new_1") }],
    ["worker that is gone", { kind: "worker", worker: named("gone_1") }],
  ],
  more: [["more", { kind: "more", worker: NEWS }]],
  rules: [
    ["restart rules", { kind: "rules", worker: NEWS }],
    ["restart rules, not known", { kind: "rules", worker: named("new_1") }],
  ],
  add: [
    ["new worker", { kind: "add", problem: null, host: null }],
    ["new worker, bad name", { kind: "add", problem: say("add-bad-name"), host: null }],
    [
      "new worker, name taken",
      { kind: "add", problem: say("add-taken", { worker: NEWS }), host: HOST },
    ],
  ],
  moveask: [["move, where to", { kind: "moveask", worker: NEWS }]],
  move: [...Object.keys(MOVES), "move-gone"].map(
    (move): Shown<"move"> => [move.replaceAll("-", " "), { kind: "move", worker: NEWS, move }],
  ),
  drainask: [["drain a host?", { kind: "drainask", host: HOST, at: NOW }]],
  drain: [...Object.keys(DRAINS), "drain-gone"].map(
    (drain): Shown<"drain"> => [
      drain.replaceAll("-", " "),
      { kind: "drain", host: DRAINED_HOST, drain },
    ],
  ),
  floating: [
    ["floating, on", { kind: "floating", worker: NEWS }],
    ["floating, off", { kind: "floating", worker: parseWorkerId("fresh_1") }],
  ],
  addwhere: [["new worker, on which host", { kind: "addwhere" }]],
  hosts: [["hosts", { kind: "hosts" }]],
  host: [
    ["host", { kind: "host", host: HOST }],
    ["host that is silent", { kind: "host", host: parseHostId("host-b") }],
    ["host that is drained", { kind: "host", host: DRAINED_HOST }],
    ["host that is gone", { kind: "host", host: parseHostId("host-z") }],
  ],
  hforget: [["forget a host?", { kind: "hforget", host: parseHostId("host-b"), at: NOW }]],
  ask: ASKED.map(
    (what): Shown<"ask"> => [
      `question, ${what}`,
      {
        kind: "ask",
        what,
        worker: ["find", "quiet", "schedcron", "zone"].includes(what) ? null : NEWS,
        problem: ["quiet", "delete", "since", "proxy", "zone"].includes(what)
          ? say(`ask-${what}-bad`)
          : null,
        ...(what === "quiet" || what === "zone" ? { off: what } : {}),
      },
    ],
  ),
  log: [
    ["log", { kind: "log", worker: NEWS, command: "log", level: "" }],
    ["log, only errors", { kind: "log", worker: NEWS, command: "log", level: "error" }],
    ["log, no answer", { kind: "log", worker: NEWS, command: "lost", level: "" }],
  ],
  backups: [
    ["backups", { kind: "backups", worker: NEWS, command: "backups" }],
    [
      "backups of a stopped worker, not looked at",
      { kind: "backups", worker: named("city_4"), command: "none" },
    ],
  ],
  restore: [
    [
      "put a copy back?",
      {
        kind: "restore",
        worker: NEWS,
        copy: copyRef({ kind: "golden", at: NOW - 3_600_000 }),
        token,
      },
    ],
    ["put a copy back, it is gone", { kind: "restore", worker: NEWS, copy: "b-0", token }],
  ],
  "stop-holder": [
    ["stop the holder?", { kind: "stop-holder", worker: named("store_1"), pid: 4121, token }],
    [
      "stop the holder, it is another one",
      { kind: "stop-holder", worker: named("store_1"), pid: 7, token },
    ],
  ],
  resume: [
    ["resume sending?", { kind: "resume", worker: named("relay_4"), token }],
    ["resume sending, nothing to resume", { kind: "resume", worker: NEWS, token }],
  ],
  proxy: [
    [
      "another way?",
      {
        kind: "proxy",
        worker: NEWS,
        shown: "socks5://•••@proxy.example:1080",
        sealed: null,
        token,
      },
    ],
    ["the way of the host?", { kind: "proxy", worker: NEWS, shown: null, sealed: null, token }],
  ],
  login: [
    ["login", { kind: "login", worker: NEWS }],
    ["login that is over", { kind: "login", worker: named("news_2") }],
  ],
  logins: [["logins", { kind: "logins", page: 0 }]],
  devices: [
    ["devices", { kind: "devices", worker: NEWS, command: "devices" }],
    ["devices, not asked for", { kind: "devices", worker: named("news_2"), command: "none" }],
  ],
  alerts: ALERT_TABS.map(
    (tab): Shown<"alerts"> => [`alerts, ${tab}`, { kind: "alerts", tab, page: 0 }],
  ),
  crew: [
    ["workers of an alert card", { kind: "crew", card: 1, page: 0 }],
    ["workers of an alert card, all well", { kind: "crew", card: 9, page: 0 }],
  ],
  runbook: ALERT_KINDS.map(
    (about): Shown<"runbook"> => [`what to do, ${about}`, { kind: "runbook", about }],
  ),
  health: [["health", { kind: "health" }]],
  schedules: [["schedules", { kind: "schedules" }]],
  schedule: SCHEDULES.map(
    (id): Shown<"schedule"> => [`schedule, ${id}`, { kind: "schedule", schedule: id }],
  ),
  doctor: [
    [
      "doctor",
      {
        kind: "doctor",
        asked: [
          { host: "host-a", command: "doctor" },
          { host: "host-b", command: "doctor-lost" },
        ],
      },
    ],
    [
      "doctor, all is well",
      { kind: "doctor", asked: [{ host: "host-a", command: "doctor-well" }] },
    ],
    ["doctor, no host", { kind: "doctor", asked: [] }],
  ],
  settings: [["settings", { kind: "settings" }]],
  limits: [["limits", { kind: "limits" }]],
  admins: [
    ["admins", { kind: "admins", link: null }],
    [
      "admins with an invitation",
      { kind: "admins", link: "https://t.me/fleet_bot?start=join_abcdefgh" },
    ],
  ],
  admin: [
    ["admin", { kind: "admin", id: "779" }],
    ["admin who is gone", { kind: "admin", id: "1" }],
  ],
  audit: [
    ["audit", { kind: "audit", page: 0, find: "" }],
    ["audit of a worker", { kind: "audit", page: 0, find: "sport_2" }],
    ["audit, nothing", { kind: "audit", page: 9, find: "" }],
  ],
  confirm: [
    ...CONFIRMED.map((what): Shown<"confirm"> => {
      const one = ["logout", "rmsession", "login"].includes(what);
      return [
        `confirm ${what}`,
        { kind: "confirm", what, worker: one ? NEWS : null, tag: "", at: NOW },
      ];
    }),
    [
      "confirm restart of an alert card",
      { kind: "confirm", what: "restart", worker: null, tag: "", card: 1, at: NOW },
    ],
    [
      "confirm stop of a tag",
      { kind: "confirm", what: "stop", worker: null, tag: "news", at: NOW },
    ],
  ],
  bulk: [
    ["many at once, under way", { kind: "bulk", bulk: "bulk-running" }],
    ["many at once, done", { kind: "bulk", bulk: "bulk-done" }],
    ["many at once, each with its end", { kind: "bulk", bulk: "bulk-mixed" }],
    ["many at once, the first one failed", { kind: "bulk", bulk: "bulk-canary" }],
    ["many at once, forgotten", { kind: "bulk", bulk: "none" }],
  ],
  routes: [
    ["routes", { kind: "routes", worker: "" }],
    ["routes of a worker", { kind: "routes", worker: NEWS }],
    ["routes, none", { kind: "routes", worker: "sport_1" }],
  ],
  route: [
    ["route", { kind: "route", route: "signals", sure: false }],
    ["route that is off", { kind: "route", route: "archive", sure: false }],
    ["remove the route?", { kind: "route", route: "signals", sure: true }],
    ["route that is gone", { kind: "route", route: "none", sure: false }],
  ],
  fill: [["fetch old messages", { kind: "fill", route: "signals" }]],
  dry: [
    ["dry run", { kind: "dry", route: "signals", command: "dry", draft: false }],
    ["dry run, under way", { kind: "dry", route: "signals", command: "none", draft: true }],
  ],
  rwiz: [
    ...DRAFTS.map(
      ([title], n): Shown<"rwiz"> => [
        `route wizard, ${title}`,
        { kind: "rwiz", admin: draftAdmin(n) },
      ],
    ),
    ["route wizard, nothing under way", { kind: "rwiz", admin: "1" }],
  ],
  sources: [
    ["sources", { kind: "sources", worker: NEWS }],
    ["sources, none", { kind: "sources", worker: named("sport_1") }],
  ],
  record: [
    ["lost host.db", { kind: "record", host: HOST, command: "record", step: "look", at: NOW }],
    [
      "lost host.db, no backup",
      { kind: "record", host: HOST, command: "record-none", step: "look", at: NOW },
    ],
    [
      "lost host.db, all is here",
      { kind: "record", host: HOST, command: "record-over", step: "look", at: NOW },
    ],
    [
      "lost host.db, taken over",
      { kind: "record", host: HOST, command: "record-took", step: "take", at: NOW },
    ],
    [
      "lost host.db, no answer",
      { kind: "record", host: HOST, command: "none", step: "take", at: NOW },
    ],
  ],
  rollask: [["rolling restart?", { kind: "rollask", at: NOW }]],
  roll: [
    ...Object.keys(ROLLS).map(
      (id): Shown<"roll"> => [
        `rolling restart, ${id.slice("roll-".length)}`,
        { kind: "roll", roll: id },
      ],
    ),
    ["rolling restart that is gone", { kind: "roll", roll: "gone" }],
  ],
  notice: [["notice", { kind: "notice", text: say("problem-redis-away"), worker: NEWS }]],
};
