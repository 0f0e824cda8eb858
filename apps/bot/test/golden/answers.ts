import { type Route, RouteFile } from "@flotilla/contracts";
import { type RouteProblem, validateRoutes } from "@flotilla/relay";
import type { Said } from "../../src/kit/words/said.ts";
import { REASONS, refusalSaid } from "../../src/login/refusals.ts";
import { routeProblem } from "../../src/relay/route-problem.ts";
import { NOW } from "../support.ts";

const good = {
  id: "signals",
  from: { worker: "news_1", chats: ["@signals_1"] },
  to: { kind: "worker", worker: "relay_1", chat: "@digest_1" },
};
const copy = (template: string) => ({ kind: "copy", template });
const bot = (chat: string) => ({ kind: "bot", chat });

/** Routes with something wrong with each. */
const BAD: readonly object[] = [
  { from: { worker: "news_1", chats: ["me"] } },
  { to: { ...good.to, chat: "7000001" } },
  { to: bot("me") },
  { to: bot("@digest_1"), action: { kind: "forward" } },
  { from: { worker: "news_1", chats: ["7000001"] }, action: { kind: "forward" } },
  { action: copy("{texts}") },
  { to: { ...good.to, chat: "@signals_1" } },
];

/** Filters with something wrong with each. */
const FILTERS = [
  'btc "eth',
  "/btc",
  "/btc/x",
  "btc, eth",
  "media:movie",
  "from:ann",
  '""',
  "btc)",
  "(btc",
  "btc or",
  `${"(".repeat(30)}btc`,
  `/${"b".repeat(201)}/`,
  "/b(?=tc)/",
];

/** Refusals that name a worker. */
const WHO: ReadonlySet<string> = new Set([
  "already-used",
  "session-duplicate",
  "session-neighbour-unknown",
]);

function problemsOf(more: object, of = 1): RouteProblem[] {
  const { routes } = RouteFile.parse({ version: 1, routes: [{ ...good, ...more }] });
  return validateRoutes(Array.from({ length: of }, () => routes[0] as Route));
}

/** What routes are refused for, and logins: every code once. */
export function answers(): (readonly [title: string, said: Said])[] {
  const stranger: RouteProblem = {
    route: "signals",
    field: "to",
    message: "",
    code: "stranger",
    about: { worker: "missing_1" },
  };
  const full: RouteProblem = {
    route: "signals",
    field: "to",
    message: "",
    code: "targets",
    about: { worker: "relay_1", count: 20 },
  };
  const problems = [
    ...BAD.flatMap((more) => problemsOf(more)),
    ...FILTERS.flatMap((filter) => problemsOf({ filter })),
    ...problemsOf({}, 2).slice(0, 1),
    stranger,
    full,
  ];
  const refused = (reason: string, waitS: number | null) =>
    refusalSaid(
      {
        kind: "refused",
        reason,
        fault: null,
        waitS,
        final: false,
        ...(WHO.has(reason) ? { who: "news_3" } : {}),
      },
      NOW,
    );
  const fault = {
    class: "REQUEST",
    code: "AUTH_NEW_THING",
    message: "Telegram said something new.",
  } as const;
  return [
    ...problems.map((problem) => [`route: ${problem.code}`, routeProblem(problem)] as const),
    ...[...REASONS].map(
      (reason) =>
        [`login: ${reason}`, refused(reason, reason === "flood-wait" ? 60 : null)] as const,
    ),
    ["login: flood-wait, no time", refused("flood-wait", null)],
    ["login: other", refused("other", null)],
    [
      "login: new code",
      refusalSaid({ kind: "refused", reason: "other", fault, waitS: null, final: false }, NOW),
    ],
  ];
}
