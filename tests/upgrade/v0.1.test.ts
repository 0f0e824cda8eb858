import { copyFileSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  BotAnswer,
  BotRequest,
  CommandOutcome,
  DeliveryResult,
  DeliveryStep,
  DeliveryTarget,
  FleetEvent,
  HostCommand,
  LoginStep,
  RelayMessage,
  RelayStatus,
  RestartDecision,
  RouteFile,
  StorageProblem,
  WorkerCommand,
  WorkerState,
  WorkerStatus,
} from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { openSession } from "@flotilla/session-store";
import { workerIdentity } from "@flotilla/telegram";
import { testDir } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";
import { AuditStore } from "../../apps/bot/src/admins/audit-store.ts";
import { REGISTRY } from "../../apps/bot/src/app/features.ts";
import { decodePress } from "../../apps/bot/src/kit/callback.ts";
import { openControlDb } from "../../apps/bot/src/kit/control-db.ts";
import { RouteStore } from "../../apps/bot/src/relay/route-store.ts";
import { WorkerStore } from "../../apps/bot/src/workers/worker-store.ts";
import { HostDb } from "../../apps/supervisor/src/record/host-db.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures/v0.1");
const NEWS = parseWorkerId("news_1");

/** Values that a run of 0.1 wrote, or that its schemas allow. */
type Recorded = Readonly<
  Record<string, { readonly from: "run" | "schema"; readonly value: unknown }>
>;

interface Schema {
  safeParse(value: unknown): {
    readonly success: boolean;
    readonly error?: { readonly issues: readonly unknown[] } | undefined;
  };
}

function json<T>(name: string): T {
  return JSON.parse(readFileSync(join(FIXTURES, name), "utf8")) as T;
}

/** A writable copy of a fixture. */
async function copyOf(name: string): Promise<string> {
  const path = join(await testDir(), name);
  copyFileSync(join(FIXTURES, name), path);
  return path;
}

describe("files of version 0.1", () => {
  test("control.db opens with its workers, routes, audit rows and alerts", async () => {
    using db = openControlDb(await copyOf("control.db"));
    expect(new WorkerStore(db).all().map(({ id }) => id)).toEqual(expect.arrayContaining([NEWS]));
    const routes = new RouteStore(db);
    expect(routes.all().map(({ id }) => id)).toEqual([
      "copy_news",
      "fwd_news",
      "bot_news",
      "hook_news",
    ]);
    expect(routes.readers()).toEqual([
      { worker: NEWS, version: expect.any(Number), told: expect.any(Number) },
    ]);
    expect(new AuditStore(db).find("", 100).length).toBeGreaterThan(5);
    const alerts = db.read<{ subject: string; state: string }>("SELECT subject, state FROM alert");
    expect(alerts).toContainEqual({ subject: "exit:news_1", state: "resolved" });
  });

  test("host.db opens with the desired states and exits of its workers", async () => {
    const path = await copyOf("host.db");
    const fleet = { id: "0123456789abcdef", keyId: "fedcba9876543210", from01: true };
    const first = new HostDb(path);
    expect(first.fleet()).toBeNull();
    first.keepFleet(fleet);
    first.close();
    const db = new HostDb(path);
    try {
      expect(db.fleet(), "what this version adds is kept in it").toEqual(fleet);
      expect(db.workers().map(({ id, desired }) => `${id} ${desired}`)).toEqual([
        "demo_1 running",
        "demo_2 running",
        "news_1 running",
      ]);
      expect(db.history(NEWS).map((exit) => exit.class)).toContain("CRASH");
      expect(db.stats(NEWS)?.account?.username).toBe("news_desk");
    } finally {
      db.close();
    }
  });

  test("a session opens with its key, account, routes and delivery map", async () => {
    const dir = await testDir();
    for (const file of readdirSync(join(FIXTURES, "sessions")))
      copyFileSync(join(FIXTURES, "sessions", file), join(dir, file));
    const fleetKey = Buffer.from(readFileSync(join(FIXTURES, "fleet.key"), "utf8").trim(), "hex");
    using store = openSession({ dir, name: NEWS, fleetKey });
    expect(store.hasKey).toBe(true);
    expect(store.identity()).toMatchObject({ name: NEWS, userId: expect.stringMatching(/^\d+$/) });
    expect(store.fence()).toBeGreaterThan(0);
    expect(JSON.parse(store.relay.routes()?.body ?? "[]")).toHaveLength(4);
  });

  test("a route file is read", () => {
    expect(RouteFile.parse(json("routes.json")).routes).toHaveLength(4);
  });

  test("contain no path of the recording machine and are small", () => {
    const files = readdirSync(FIXTURES, { recursive: true, encoding: "utf8" })
      .map((name) => join(FIXTURES, name))
      .filter((path) => statSync(path).isFile());
    expect(files.length).toBeGreaterThan(8);
    expect(files.reduce((sum, path) => sum + statSync(path).size, 0)).toBeLessThan(1_000_000);
    for (const path of files)
      expect(readFileSync(path, "latin1"), path).not.toMatch(/\/(?:home|root|Users|work)\//);
  });
});

describe("buttons of version 0.1", () => {
  const buttons = json<Record<string, { readonly data: string }>>("callbacks.json");

  test.each(Object.entries(buttons))("%s is understood", (verb, { data }) => {
    expect(decodePress(data)).toMatchObject({ verb });
  });

  test("all of them are still buttons", () => {
    const known = [...REGISTRY.buttons.keys()];
    expect(Object.keys(buttons).filter((verb) => !known.includes(verb))).toEqual([]);
  });
});

describe("what version 0.1 left in Redis", () => {
  const wire = json<Record<string, Recorded>>("wire.json");
  const schemas: Record<string, Schema> = {
    hostCommands: HostCommand,
    workerCommands: WorkerCommand,
    events: FleetEvent,
    outcomes: CommandOutcome,
    loginSteps: LoginStep,
    relayMessages: RelayMessage,
    deliverySteps: DeliveryStep,
    deliveryTargets: DeliveryTarget,
    deliveryResults: DeliveryResult,
    botRequests: BotRequest,
    botAnswers: BotAnswer,
    storageProblems: StorageProblem,
    restartDecisions: RestartDecision,
    statuses: WorkerStatus,
    relayStatuses: RelayStatus,
  };

  test("every group of the fixtures has its schema", () => {
    expect(Object.keys(wire).toSorted()).toEqual(Object.keys(schemas).toSorted());
    expect(Object.keys(wire["statuses"] ?? {}).toSorted()).toEqual(
      [...WorkerState.options].toSorted(),
    );
  });

  const all = Object.entries(wire).flatMap(([group, kinds]) =>
    Object.entries(kinds).map(([kind, { value }]) => ({ name: `${group} ${kind}`, group, value })),
  );
  test.each(all)("$name parses", ({ group, value }) => {
    const parsed = schemas[group]?.safeParse(value);
    expect(parsed?.error?.issues ?? []).toEqual([]);
    expect(parsed?.success).toBe(true);
  });

  // A host that is upgraded first sends fields that the others do not know. A target is refused
  // with one: without it the message could go to another place.
  test.each(all.filter(({ value }) => typeof value === "object" && value !== null))(
    "$name with a field of a later version is read, or refused if it says where to deliver",
    ({ group, value }) => {
      const parsed = schemas[group]?.safeParse({ ...(value as object), ofALaterVersion: { n: 1 } });
      expect(parsed?.success).toBe(group !== "deliveryTargets");
    },
  );
});

test("Telegram shows the version that runs", () => {
  const { version } = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"),
  ) as { version: string };
  expect(workerIdentity("news_1").appVersion).toBe(version);
});
