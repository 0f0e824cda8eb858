import { join } from "node:path";
import { WorkerState, type WorkerStatus } from "@flotilla/contracts";
import { parseHostId, parseUserId, parseWorkerId } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import { fleetPlace, type QueuePlace } from "@flotilla/queue";
import type { Database } from "@flotilla/sqlite";
import { testDir } from "@flotilla/testkit";
import fc from "fast-check";
import { onTestFinished } from "vitest";
import type { AlertBody } from "../src/alerts/alert-body.ts";
import { REGISTRY } from "../src/app/features.ts";
import { openControlDb } from "../src/kit/control-db.ts";
import type { Role } from "../src/kit/roles.ts";
import { type Said, say } from "../src/kit/words/said.ts";
import { loadLanguages, type Words } from "../src/kit/words/words.ts";
import type { CommandRow } from "../src/workers/command-store.ts";
import type { FleetView, WorkerView } from "../src/workers/view.ts";

export const HOST = parseHostId("host-a");
export const WORKER = parseWorkerId("news_1");
export const ANN = parseUserId("777");
export const BEN = parseUserId("778");
export const ASKER = { id: "777", name: "Ann" };
export const NOW = 1_800_000_000_000;

const languages = loadLanguages();
/** The texts in English. */
export const EN = languages.en;
/** Every language. */
export const ALL_WORDS: readonly Words[] = Object.values(languages);
/** A text that says what it is given. */
export const saying = (text: string): Said => say("login-failed", { why: text });

/** A fleet on this Redis, without one that makes it. */
export function placeAt(url: string): QueuePlace {
  return fleetPlace({
    redis: url,
    fleet: { id: "0123456789abcdef", from01: false },
    fleetKey: Buffer.alloc(32, 7),
  });
}

/** A log that says nothing. */
export const silent = createLogger({ name: "test", level: "silent" });

/** A real control.db in a folder of its own. */
export async function controlDb(): Promise<Database> {
  const db = openControlDb(join(await testDir(), "control.db"));
  onTestFinished(() => db.close());
  return db;
}

/** A clock that stands until it is moved. */
export class TestClock {
  ms = NOW;
  now(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return this.ms;
  }
}

/** The status of a worker that is well, but for what is given. */
export function statusOf(worker: string, more: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    v: 1,
    worker: parseWorkerId(worker),
    host: HOST,
    state: "RUNNING",
    since: NOW - 60_000,
    pid: 4242,
    startedAt: NOW - 60_000,
    crashes: 0,
    crashLimit: 5,
    nextTryAt: null,
    fault: null,
    link: null,
    updatedAt: NOW,
    ...more,
  };
}

/** One worker of a view. */
export function workerView(
  id: string,
  more: Partial<WorkerStatus> = {},
  command: CommandRow | null = null,
): WorkerView {
  const none = {
    staleSince: null,
    hostGone: false,
    label: null,
    tags: [],
    note: null,
    openAlerts: 0,
    silences: [],
    day: null,
  };
  return { id: parseWorkerId(id), host: HOST, status: statusOf(id, more), command, ...none };
}

/** A page of the list of workers. */
export const listOf = (page: number) => ({ page, problems: false, find: "" });

/** A crash as an alert. */
export function crashBody(more: Partial<AlertBody> = {}): AlertBody {
  const { times = 1, worker = WORKER } = more;
  return {
    kind: "crash",
    worker,
    host: HOST,
    times,
    title: say("alert-crash", { worker: worker ?? "", times, uptime: 1000, how: "exit 1" }),
    details: [say("alert-no-error")],
    buttons: ["restart", "log", "worker"],
    action: null,
    ...more,
  };
}

/** What a reader with this role sees of the buttons. */
export const seenBy = (role: Role): Pick<FleetView, "role" | "may"> => ({
  role,
  may: (verb) => REGISTRY.may(role, verb),
});

/** A view of these workers. */
export function viewOf(workers: readonly WorkerView[], more: Partial<FleetView> = {}): FleetView {
  return {
    now: NOW,
    words: EN,
    chat: "777",
    ...seenBy("owner"),
    silences: [],
    workers,
    openAlerts: 0,
    trouble: null,
    ...more,
  };
}

const BAD = [
  "<b>",
  "</i>",
  "&amp;",
  "<script>",
  '"',
  "'",
  "<",
  ">",
  "&",
  "\n",
  "</pre>",
  "<code>",
  "🙂",
  "ж",
];
/** Text that would break a page of HTML. */
export const hostile = fc
  .array(fc.oneof(fc.constantFrom(...BAD), fc.string({ maxLength: 5 })), { maxLength: 20 })
  .map((parts) => parts.join(""));
export const hostileUpTo = (length: number): fc.Arbitrary<string> =>
  hostile.map((text) => text.slice(0, length));

const time = fc.integer({ min: NOW - 400_000_000, max: NOW + 400_000_000 });
const orNull = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null });

/** Any worker as its host may report it. */
export const anyWorker: fc.Arbitrary<WorkerView> = fc
  .record({
    id: fc.stringMatching(/^[a-z][a-z0-9_-]{0,31}$/),
    state: fc.constantFrom(...WorkerState.options),
    nextTryAt: orNull(time),
    pid: orNull(fc.nat(99_999)),
    fault: orNull(
      fc.record({
        class: fc.constantFrom("CRASH" as const, "AUTH_DEAD" as const),
        code: hostileUpTo(120),
        message: hostileUpTo(500),
      }),
    ),
    name: hostile,
    username: orNull(hostile),
    phoneMasked: orNull(hostile),
    hasLink: fc.boolean(),
    command: orNull(
      fc.record({
        verb: fc.constantFrom("start", "stop", "restart", "check"),
        askerName: hostileUpTo(64),
        askedAt: time,
        state: fc.constantFrom(
          "asked" as const,
          "done" as const,
          "failed" as const,
          "expired" as const,
          "unanswered" as const,
        ),
        endedAt: orNull(time),
        result: orNull(hostileUpTo(500)),
      }),
    ),
  })
  .map(({ id, state, nextTryAt, pid, fault, name, username, phoneMasked, hasLink, command }) => {
    const account = { userId: ANN, name, username, phoneMasked };
    const numbers = {
      reconnects: 1,
      failures: 2,
      lastSuccessAt: NOW,
      lastMessageAt: NOW,
      messages: 3,
      attempt: 0,
      nextTryAt: null,
    };
    const row = command
      ? { id: "command-1", worker: parseWorkerId(id), askerId: "777", code: null, ...command }
      : null;
    return workerView(
      id,
      { state, nextTryAt, pid, fault, link: hasLink ? { account, ...numbers } : null },
      row,
    );
  });
