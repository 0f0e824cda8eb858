/** ⏏️ Drain in the chat: who is asked what, and what the other screens say of the host. */
import type { HostRow } from "@flotilla/contracts";
import { type HostId, parseHostId, parseWorkerId } from "@flotilla/kernel";
import { HostBoard, StatusWriter } from "@flotilla/queue";
import { describe, expect, onTestFinished, test } from "vitest";
import { handlePress } from "../src/app/presses.ts";
import { renderScreen } from "../src/app/screens.ts";
import { forgetHost } from "../src/hosts/forget-host.ts";
import type { Verb } from "../src/kit/button.ts";
import { encodePress } from "../src/kit/callback.ts";
import { stampOf } from "../src/kit/confirm.ts";
import { hostTag } from "../src/moves/targets.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ANN, ASKER, HOST, statusOf } from "./support.ts";
import { labels, plainText } from "./telegram-html.ts";

const B = parseHostId("host-b");
const [NEWS, SPORT] = [parseWorkerId("news_1"), parseWorkerId("sport_2")];
const RUNS = { version: "1.0.0", commit: null };
const rowOf = (host: HostId, at: number): HostRow => ({
  host,
  hosts: "several",
  at,
  program: { run: "1", runs: RUNS, onDisk: RUNS, isInstalled: true, keptBy: null },
  capacity: { memoryBytes: 8e9, freeBytes: 7e9, cores: 4, load: 0, workers: {}, room: 50 },
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

/** Two workers on host-a, and host-b beside it unless it is `alone`. */
async function twoHosts(isAlone = false) {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  const { parts, clock, place } = fleet;
  const statuses = new StatusWriter(place, () => {});
  onTestFinished(() => statuses.close());
  const now = clock.now();
  const rows = (isAlone ? [HOST] : [HOST, B]).map((host) => rowOf(host, now));
  parts.knownHosts.keep(rows);
  for (const id of [NEWS, SPORT]) {
    parts.workers.add(id, HOST, ANN, now);
    await statuses.write(statusOf(id, { host: HOST, updatedAt: now }));
  }
  await parts.views.look();
  const look = () => parts.draining.look(rows, parts.views.known());
  const card = async (kind: "host" | "hosts" | "drain" | "drainask") => {
    const drain = parts.drains.of(HOST)?.id ?? "none";
    const shown = { host: HOST, at: now, drain };
    return await renderScreen(parts, ANN, { kind, ...shown });
  };
  return { fleet, parts, look, card, stamp: () => stampOf(clock.now()) };
}

describe("⏏️ Drain", () => {
  test("asks first, offers both ways, and begins one drain", async () => {
    const { fleet, parts, look, card, stamp } = await twoHosts();
    expect(labels(await card("host"))).toContain("⏏️ Drain");
    await press(fleet, "drain", HOST);
    expect(parts.panels.screen(ANN)).toMatchObject({ kind: "drainask", host: HOST });
    const asked = await card("drainask");
    expect(plainText(asked.html)).toContain("It has 2 workers.");
    expect(labels(asked)).toEqual(["🚚 Move them", "⏹ Stop them", "✖️ Cancel"]);
    expect(parts.drains.of(HOST)).toBeNull();
    expect(await press(fleet, "drainmove", HOST, stamp())).toBe("toast-queued");
    await look();
    await press(fleet, "drainstop", HOST, stamp());
    expect(parts.drains.allUnderWay()).toMatchObject([{ how: "move" }]);
    const drain = parts.drains.of(HOST);
    expect(parts.moves.allUnderWay()).toMatchObject([{ id: `${drain?.id}-0`, from: HOST, to: B }]);
    expect(parts.panels.screen(ANN)).toMatchObject({ kind: "drain", drain: drain?.id });
  });

  test("offers no moving where no other host can take a worker", async () => {
    const { fleet, parts, card, stamp } = await twoHosts(true);
    expect(labels(await card("drainask"))).toEqual(["⏹ Stop them", "✖️ Cancel"]);
    expect(await press(fleet, "drainmove", HOST, stamp())).toBe("toast-drain-nowhere");
    expect(parts.drains.of(HOST)).toBeNull();
  });

  test("begins nothing when the answer comes too late, or the host is silent", async () => {
    const { fleet, parts, stamp } = await twoHosts();
    const late = stampOf(fleet.clock.now() - 31_000);
    expect(await press(fleet, "drainstop", HOST, late)).toBe("toast-confirm-late");
    fleet.clock.pass(31_000);
    expect(await press(fleet, "drainstop", HOST, stamp())).toBe("toast-drain-not");
    expect(parts.drains.of(HOST)).toBeNull();
  });

  test("hosts hear that it takes no floating worker over, and that it does again", async () => {
    const { fleet, parts, stamp } = await twoHosts();
    await parts.floating.look();
    expect(await parts.standbyBoard.closed()).toEqual([]);
    await press(fleet, "drainstop", HOST, stamp());
    await parts.floating.look();
    expect(await parts.standbyBoard.closed()).toEqual([HOST]);
    parts.drains.end(HOST, { at: fleet.clock.now(), how: "taking" });
    await parts.floating.look();
    expect(await parts.standbyBoard.closed()).toEqual([]);
  });

  test("closes the host to ➕ Add and to 🚚 Move, and the host's screens say so", async () => {
    const { fleet, parts, card, stamp } = await twoHosts();
    const far = parseWorkerId("far_1");
    parts.workers.add(far, B, ANN, 1);
    expect(parts.hostChoices.open()).toContain(HOST);
    await press(fleet, "drainstop", HOST, stamp());
    expect(parts.hostChoices.open()).toEqual([B]);
    expect(await press(fleet, "addat", HOST)).toBe("toast-host-not-open");
    expect(await press(fleet, "moveto", far, hostTag(HOST))).toBe("toast-host-not-open");
    const asked = await renderScreen(parts, ANN, { kind: "moveask", worker: far });
    expect(plainText(asked.html)).toContain("host-a: it is drained and takes no workers");
    expect(labels(await card("hosts"))).toContain("⏏️ host-a");
    expect(plainText((await card("host")).html)).toContain("being drained, takes no workers");
  });

  test("on the only host leaves ➕ Add without a place", async () => {
    const { fleet, parts, stamp } = await twoHosts(true);
    await press(fleet, "drainstop", HOST, stamp());
    await press(fleet, "add");
    expect(parts.panels.screen(ANN)).toEqual({ kind: "addwhere" });
  });

  test("stops them one by one, and ▶️ starts them again", async () => {
    const { fleet, parts, look, card, stamp } = await twoHosts();
    await press(fleet, "drainstop", HOST, stamp());
    const id = parts.drains.of(HOST)?.id ?? "";
    expect(await press(fleet, "drainend", HOST)).toBe("toast-stale");
    for (const n of [0, 1]) {
      await look();
      expect(parts.commandLog.find(`${id}-${n}`)).toMatchObject({ verb: "stop", state: "asked" });
      expect(parts.commandLog.find(`${id}-${n + 1}`)).toBeNull();
      parts.commandLog.end(`${id}-${n}`, { kind: "done" }, fleet.clock.now());
    }
    await look();
    expect(labels(await card("drain"))).toContain("▶️ Take workers again");
    expect(await press(fleet, "drainend", HOST)).toBe("toast-drain-end");
    expect(parts.drains.of(HOST)).toBeNull();
    expect(parts.bulks.find(`${id}-start`)).toMatchObject({
      action: "start",
      workers: [NEWS, SPORT],
    });
    expect(parts.hostChoices.open()).toContain(HOST);
    const said = parts.audit.find("", 10).toSorted((a, b) => b.at - a.at);
    expect(JSON.stringify(said)).toMatch(/audit-drain-end.*audit-drain-stop/);
  });

  test("✖️ leaves the rest", async () => {
    const { fleet, parts, look, stamp } = await twoHosts();
    await press(fleet, "drainstop", HOST, stamp());
    const id = parts.drains.of(HOST)?.id ?? "";
    await look();
    expect(await press(fleet, "draincancel", HOST)).toBe("toast-drain-cancel");
    await look();
    expect(parts.drains.of(HOST)?.overAt).toBeNull();
    parts.commandLog.end(`${id}-0`, { kind: "done" }, fleet.clock.now());
    await look();
    const states = parts.drains.of(HOST)?.entries.map(({ state, why }) => why?.code ?? state);
    expect(states).toEqual(["done", "drain-cancelled"]);
    expect(await press(fleet, "draincancel", HOST)).toBe("toast-stale");
  });

  test("of a host that is lost waits, and 🗑 Forget ends it", async () => {
    const { fleet, parts, card, stamp } = await twoHosts();
    const board = new HostBoard(fleet.place, () => {});
    onTestFinished(() => board.close());
    await press(fleet, "drainmove", HOST, stamp());
    const id = parts.drains.of(HOST)?.id ?? "";
    fleet.clock.pass(61_000);
    await parts.draining.look([rowOf(B, fleet.clock.now())], parts.views.known());
    expect(parts.drains.of(HOST)).toMatchObject({ overAt: null });
    expect(parts.moves.allUnderWay()).toEqual([]);
    expect(plainText((await card("drain")).html)).toContain("the drain waits for it");
    expect(await forgetHost(parts, HOST, "keep", ASKER)).toBeNull();
    expect(parts.drains.of(HOST)).toBeNull();
    expect(parts.drains.find(id)?.end?.how).toBe("forgotten");
  });
});
