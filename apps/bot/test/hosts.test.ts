/** Hosts: where ➕ Add puts a worker, and a host that is gone for good. */
import type { HostRow } from "@flotilla/contracts";
import { type HostId, parseHostId, parseWorkerId } from "@flotilla/kernel";
import { HostBoard, StatusWriter } from "@flotilla/queue";
import { describe, expect, onTestFinished, test } from "vitest";
import { watch } from "../src/alerts/watch.ts";
import { handleEvent } from "../src/app/events.ts";
import { handlePress } from "../src/app/presses.ts";
import { renderScreen } from "../src/app/screens.ts";
import { handleText } from "../src/app/texts.ts";
import { hostViews } from "../src/hosts/host-views.ts";
import type { Verb } from "../src/kit/button.ts";
import { encodePress } from "../src/kit/callback.ts";
import { stampOf } from "../src/kit/confirm.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ANN, ASKER, HOST, NOW, statusOf, viewOf, workerView } from "./support.ts";

const B = parseHostId("host-b");
const NEWS = parseWorkerId("news_1");
const capacity = (load: number) => ({
  memoryBytes: 8e9,
  freeBytes: 7e9,
  cores: 4,
  load,
  workers: {},
  room: 50,
});
const rowOf = (host: HostId, at: number, load = 0): HostRow => ({
  host,
  hosts: "several",
  at,
  capacity: capacity(load),
  labels: ["eu"],
});

let presses = 0;
async function press(fleet: Fleet, verb: Verb, about = "", arg = ""): Promise<string | undefined> {
  const [, , heldAbout = "", heldArg = ""] = encodePress(verb, about, arg).split(":");
  const toasts: (string | undefined)[] = [];
  await handlePress(fleet.parts, {
    id: `press-${++presses}-00000000`,
    press: { verb, about: heldAbout, arg: heldArg },
    admin: ANN,
    role: "owner",
    asker: ASKER,
    chat: ANN,
    message: 1,
    toast: async (said) => void toasts.push(said?.key),
  });
  return toasts[0];
}
async function send(fleet: Fleet, text: string): Promise<void> {
  await handleText(fleet.parts, {
    id: `text-${++presses}-00000000`,
    text,
    admin: ANN,
    role: "owner",
    asker: ASKER,
    chat: ANN,
    erase: async () => true,
    reply: async () => {},
  });
}

async function withHosts(...rows: HostRow[]): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.knownHosts.keep(rows);
  return fleet;
}

describe("➕ Add", () => {
  test("asks where, the least loaded host first, and puts the worker there", async () => {
    const now = Date.now();
    const fleet = await withHosts(rowOf(HOST, now, 3), rowOf(B, now, 1));
    await press(fleet, "add");
    expect(fleet.parts.panels.screen(ANN)).toEqual({ kind: "addwhere" });
    expect(fleet.parts.hostChoices.open()).toEqual([B, HOST]);
    await press(fleet, "addat", B);
    expect(fleet.parts.panels.screen(ANN)).toEqual({ kind: "add", problem: null, host: B });
    await send(fleet, "news_1");
    expect(fleet.parts.workers.find(NEWS)?.host).toBe(B);
  });

  test("asks for the name at once where one host is heard of, also when it is not the bot's", async () => {
    const fleet = await withHosts(rowOf(B, Date.now()), rowOf(HOST, Date.now() - 120_000));
    await press(fleet, "add");
    await send(fleet, "news_1");
    expect(fleet.parts.workers.find(NEWS)?.host).toBe(B);
  });

  test("refuses a host that fell silent while the question was open", async () => {
    const fleet = await withHosts(rowOf(HOST, Date.now()), rowOf(B, Date.now() - 120_000));
    expect(await press(fleet, "addat", B)).toBe("toast-host-not-open");
  });
});

describe("a host that is gone for good", () => {
  async function withLostHost(): Promise<{ fleet: Fleet; board: HostBoard }> {
    const fleet = await withHosts();
    const { place, parts, clock } = fleet;
    const board = new HostBoard(place, () => {});
    const statuses = new StatusWriter(place, () => {});
    onTestFinished(() => {
      board.close();
      statuses.close();
    });
    const at = clock.now();
    await board.write(rowOf(B, at));
    await statuses.write(statusOf("news_1", { host: B, updatedAt: at }));
    parts.workers.add(NEWS, B, ANN, at);
    return { fleet, board };
  }
  const sightOf = ({ parts, clock }: Fleet, statuses = parts.views.known()) => ({
    now: clock.now(),
    statuses: statuses.filter(({ worker }) => parts.workers.find(worker)),
    redisAwaySince: null,
    tokenConflict: false,
    host: HOST,
  });

  test("is not forgotten while it was heard within a minute", async () => {
    const { fleet } = await withLostHost();
    const stamp = stampOf(fleet.clock.now());
    expect(await press(fleet, "hforgetyes", B, stamp)).toBe("toast-host-lives");
    expect(fleet.parts.workers.find(NEWS)).not.toBeNull();
  });

  test("is forgotten with its workers; its alert ends, and stays ended", async () => {
    const { fleet, board } = await withLostHost();
    const { parts, clock } = fleet;
    await parts.views.look();
    clock.pass(61_000);
    watch(parts.alerts, sightOf(fleet));
    expect(parts.alerts.open(`host:${B}`)).not.toBeNull();
    expect(await press(fleet, "hforgetyes", B, stampOf(clock.now()))).toBe("toast-host-forgotten");
    expect(parts.workers.find(NEWS)).toBeNull();
    expect(await board.all()).toEqual([]);
    await parts.views.look();
    watch(parts.alerts, sightOf(fleet));
    expect(parts.alerts.allOpen()).toEqual([]);
  });

  test("leaves its workers without a host; they can be deleted, and come back with it", async () => {
    const { fleet } = await withLostHost();
    const { parts, clock } = fleet;
    clock.pass(61_000);
    await press(fleet, "hforgetkeep", B, stampOf(clock.now()));
    expect(parts.workers.find(NEWS)?.hostGone).toBe(true);
    const asked = await parts.commands.askHost("start", NEWS, ASKER);
    expect(asked).toMatchObject({ kind: "failed", why: { key: "problem-host-gone" } });
    const back = statusOf("news_1", { host: B });
    const event = { v: 1, id: "back", at: clock.now(), host: B } as const;
    await handleEvent(parts, { ...event, kind: "host.started", workers: [back] });
    expect(parts.workers.find(NEWS)).toMatchObject({ host: B, hostGone: false });
    parts.workers.hostGone(B);
    await press(fleet, "delete", NEWS);
    await send(fleet, "news_1");
    expect(parts.workers.find(NEWS)).toBeNull();
  });

  test("asks again when the answer comes too late", async () => {
    const { fleet } = await withLostHost();
    fleet.clock.pass(61_000);
    const late = stampOf(fleet.clock.now() - 31_000);
    expect(await press(fleet, "hforgetyes", B, late)).toBe("toast-confirm-late");
    expect(fleet.parts.workers.find(NEWS)).not.toBeNull();
  });
});

test("the screen has every host that was heard or has a worker, silent ones last", () => {
  const view = viewOf([{ ...workerView("news_1"), host: parseHostId("host-c") }]);
  const rows = [rowOf(HOST, NOW, 2), rowOf(B, NOW, 1)];
  expect(hostViews(view, rows, []).map(({ host }) => host)).toEqual([B, HOST, "host-c"]);
});

test("a second host without workers is in the menu, and is forgotten without a word of workers", async () => {
  const { parts } = await startFleet();
  const buttons = async (kind: "menu" | "hforget"): Promise<string[]> => {
    const card = await renderScreen(parts, ANN, { kind, host: B, at: NOW });
    return card.keyboard.flat().map(({ text }) => text);
  };
  parts.knownHosts.keep([rowOf(HOST, NOW)]);
  expect(await buttons("menu")).not.toContain("🖥 Hosts");
  parts.knownHosts.keep([rowOf(B, NOW)]);
  expect(await buttons("menu")).toContain("🖥 Hosts");
  expect(await buttons("hforget")).toEqual(["🗑 Forget it", "✖️ Cancel"]);
});
