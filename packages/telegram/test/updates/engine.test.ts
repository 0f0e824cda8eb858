import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { ACCOUNT, type Envelope } from "../../src/updates/model.ts";
import { Rig } from "./engine-kit.ts";
import { Refusal } from "./model-server.ts";

const differences = (rig: Rig): number => rig.server.calls.filter((call) => call.startsWith("difference")).length;

test("a new account starts where it stands: what was said before is not fetched", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  rig.server.post("5");
  rig.server.post(ACCOUNT);
  expect(await rig.start()).toMatchObject({ first: true, beganAt: null, missed: 0, recovered: 0, lost: 0 });
  expect(rig.inbox()).toEqual([]);
  rig.push(rig.server.post("5"));
  rig.push(rig.server.post(ACCOUNT));
  expect(rig.inbox()).toEqual([]);
  await waitFor(() => rig.inbox().length === 2);
  expect(rig.inbox()).toEqual(["5/2", "account/2"]);
  expect(rig.store.updates.outages(9)).toEqual([]);
});

test("in order, and the same twice", async () => {
  const rig = await Rig.create();
  await rig.start();
  const before = differences(rig);
  const first = rig.server.post(ACCOUNT);
  rig.push(first);
  rig.push(first);
  rig.push(rig.server.post(ACCOUNT), rig.server.edit(ACCOUNT));
  await rig.complete();
  expect(rig.inbox("edit")).toEqual(["account/2"]);
  expect(differences(rig)).toBe(before);
});

test("two that changed places within half a second need no question", async () => {
  const rig = await Rig.create({ gapMs: 60_000 });
  await rig.start();
  const before = differences(rig);
  const [first, second, third] = [rig.server.post(ACCOUNT), rig.server.read(ACCOUNT), rig.server.post(ACCOUNT)];
  rig.push(third);
  rig.push(second);
  expect(rig.inbox()).toEqual([]);
  rig.push(first);
  await rig.complete();
  expect(rig.inbox()).toEqual(["account/1", "account/2"]);
  expect(differences(rig)).toBe(before);
});

test("updates of one envelope are put in order, and one that moves nothing may come first", async () => {
  const rig = await Rig.create({ gapMs: 60_000 });
  rig.server.join("5");
  await rig.start();
  const [first, second] = [rig.server.post("5"), rig.server.post("5")];
  rig.push({ ...first, pts: second.pts, count: 0, events: [] }, second, first);
  await rig.complete();
});

test("a gap of the account is fetched in parts", async () => {
  const rig = await Rig.create();
  await rig.start();
  for (let n = 0; n < 7; n++) rig.server.post(ACCOUNT);
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  expect(rig.inbox()).toHaveLength(8);
  expect(rig.engine.counts()).toMatchObject({ received: 8, recovered: 8, lost: 0 });
});

test("a gap of a channel is fetched in parts, and only of that channel", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  const before = differences(rig);
  for (let n = 0; n < 7; n++) rig.server.post("5");
  rig.push(rig.server.post("5"));
  await rig.complete();
  expect(differences(rig)).toBe(before);
});

test("what came while nobody was there is fetched, and the line says so", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  await rig.stop();
  for (let n = 0; n < 20; n++) rig.server.post(ACCOUNT);
  for (let n = 0; n < 17; n++) rig.server.post("5");
  await rig.crash();
  expect(await rig.start()).toMatchObject({ first: false, missed: 37, recovered: 37, lost: 0 });
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
  expect(rig.store.updates.outages(1)).toMatchObject([{ recovered: 37, lost: 0 }]);
});

test.each<[string, (rig: Rig) => void]>([
  ["updatesTooLong", (rig) => rig.engine.feed({ kind: "too-long" })],
  ["a new session or something unreadable", (rig) => rig.engine.doubt()],
  ["a short message from a stranger", (rig) => rig.push({ kind: "incomplete" })],
  ["a channel that says it is too long", (rig) => rig.push({ kind: "channel-too-long", channel: "5" })],
  ["a gap in the secret chats", (rig) => rig.push({ kind: "qts", qts: 9 })],
])("%s makes it ask", async (_what, poke) => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  rig.server.post(ACCOUNT);
  rig.server.post("5");
  poke(rig);
  await (_what.startsWith("a channel") ? waitFor(() => rig.inbox().join() === "5/1") : rig.complete());
});

test("qts that follow are counted and need no question", async () => {
  const rig = await Rig.create();
  await rig.start();
  const before = differences(rig);
  rig.push({ kind: "qts", qts: 2 }, { kind: "qts", qts: 3 });
  await waitFor(() => rig.store.updates.account()?.qts === 3);
  expect(differences(rig)).toBe(before);
});

test("numbered envelopes: one that is missing makes it ask, one that came before is passed over", async () => {
  const rig = await Rig.create();
  await rig.start();
  const first = rig.server.envelope([rig.server.post(ACCOUNT)], true);
  rig.engine.feed(first);
  await rig.complete();
  const before = differences(rig);
  rig.engine.feed(first);
  rig.server.envelope([rig.server.post(ACCOUNT)], true);
  rig.engine.feed(rig.server.envelope([rig.server.post(ACCOUNT)], true));
  await rig.complete();
  await waitFor(() => differences(rig) > before);
  expect(rig.store.updates.account()?.seq).toBe(rig.server.seq);
});

test("fifteen minutes without a word make it ask", async () => {
  const rig = await Rig.create({ idleMs: 10 });
  await rig.start();
  rig.server.post(ACCOUNT);
  await rig.complete();
});

test("a difference that is too long is taken from the chats, also of channels", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  rig.push(rig.server.post(ACCOUNT), rig.server.post("5"));
  await rig.complete();
  await rig.stop();
  for (let n = 0; n < 9; n++) rig.server.post(ACCOUNT);
  for (let n = 0; n < 8; n++) rig.server.post("5");
  rig.server.limits.tooLong = 4;
  expect(await rig.start()).toMatchObject({ missed: 17, recovered: 17, lost: 0 });
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
  const calls = rig.server.calls.length;
  rig.push(rig.server.post(ACCOUNT), rig.server.post("5"));
  await rig.complete();
  expect(rig.server.calls.length).toBe(calls);
});

test("a position that the server does not accept any more loses nothing", async () => {
  const rig = await Rig.create();
  await rig.start();
  for (let n = 0; n < 5; n++) rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  await rig.stop();
  rig.server.post(ACCOUNT);
  rig.server.resetPts(2);
  await rig.start();
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
});

test("updatePtsChanged: the position is learned anew, and nothing in between is lost", async () => {
  const rig = await Rig.create();
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  rig.server.post(ACCOUNT);
  rig.server.resetPts(900);
  rig.push({ kind: "pts-changed" });
  await rig.complete();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
});

test("a disk that is full: nothing moves, and later everything is there once", async () => {
  const rig = await Rig.create();
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  rig.brokenCommits = 3;
  rig.push(rig.server.post(ACCOUNT));
  await waitFor(() => rig.errors.length === 1);
  expect(rig.errors[0]).toMatchObject({ code: "sqlite-full" });
  rig.begin();
  await waitFor(() => rig.errors.length === 2);
  rig.brokenCommits = 0;
  expect(await rig.start()).toMatchObject({ recovered: 1 });
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
});

test("a channel that was closed is marked alone; let in again, it goes on", async () => {
  const rig = await Rig.create();
  for (const channel of ["5", "6"]) rig.server.join(channel);
  await rig.start();
  rig.server.closed.set("5", "CHANNEL_PRIVATE");
  rig.server.post("5");
  rig.push(rig.server.post("5"));
  rig.server.post("6");
  rig.push(rig.server.post("6"), rig.server.post(ACCOUNT));
  await waitFor(() => rig.trouble.length === 1 && rig.inbox().length === 3);
  expect(rig.trouble).toEqual([{ kind: "closed", chat: "-1005", reason: "CHANNEL_PRIVATE" }]);
  expect(rig.store.updates.sources.get("-1005")?.closed).toBe("CHANNEL_PRIVATE");
  rig.server.closed.clear();
  rig.push({ kind: "channel-changed", channel: "5" });
  await rig.complete();
  expect(rig.trouble.at(-1)).toEqual({ kind: "reopened", chat: "-1005" });
});

test("a channel joined while nobody was there gives what was posted since, one joined now starts now", async () => {
  const rig = await Rig.create();
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  await rig.stop();
  rig.server.join("5");
  rig.server.post("5");
  await rig.start();
  await rig.complete();
  rig.push(rig.server.join("6"));
  await waitFor(() => rig.store.updates.channels().some(({ id }) => id === "6"));
  rig.push(rig.server.post("6"));
  await rig.complete();
});

test("one event that cannot be read is passed over and counted, the others come", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  rig.push(rig.server.post(ACCOUNT), rig.server.post("5"));
  await rig.complete();
  await rig.stop();
  for (let n = 0; n < 5; n++) rig.server.post(ACCOUNT);
  for (let n = 0; n < 5; n++) rig.server.post("5");
  // The third of each box is unreadable: every part that has it is.
  const unreadable = (box: string): boolean => (rig.store.updates.has(box, 3) ? false : rig.store.updates.has(box, 2));
  rig.server.onCall = (name, box) => {
    if (!/ifference/.test(name)) return;
    const isPart = !name.endsWith(" 1") || unreadable(box);
    const cursor = box === ACCOUNT ? rig.store.updates.account()?.pts : rig.store.updates.channels()[0]?.pts;
    if (isPart && (cursor ?? 0) < 4) throw new Refusal("UNDECODABLE");
  };
  const result = await rig.start();
  expect(result).toMatchObject({ missed: 10, recovered: 8, lost: 2 });
  expect(rig.trouble).toEqual([
    { kind: "lost", box: ACCOUNT, count: 1 },
    { kind: "lost", box: "5", count: 1 },
  ]);
  const everything = rig.server.everything().filter((each) => !each.endsWith("/3"));
  expect(rig.inbox().sort()).toEqual(everything);
});

test("a wait for one channel holds up neither the account nor the other channels", async () => {
  const rig = await Rig.create();
  for (const channel of ["5", "6"]) rig.server.join(channel);
  await rig.start();
  await rig.stop();
  for (const box of ["5", "6", ACCOUNT]) rig.server.post(box);
  let refuse = true;
  rig.server.onCall = (name, box) => {
    if (refuse && box === "5" && name.startsWith("channel")) throw new Refusal("WAIT_60000");
  };
  await rig.start();
  expect(rig.inbox().sort()).toEqual(["6/1", "account/1"]);
  refuse = false;
  await rig.stop();
  await rig.start();
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
});

test("a server that is in trouble is asked again", async () => {
  const rig = await Rig.create();
  let left = 4;
  rig.server.onCall = () => {
    if (left-- > 0) throw new Refusal("INTERNAL");
  };
  await rig.start();
  rig.server.post(ACCOUNT);
  left = 3;
  rig.engine.doubt();
  await rig.complete();
});

test("the sweep finds what the stream never said", async () => {
  const rig = await Rig.create({ sweepEveryMs: 20 });
  for (const channel of ["5", "6", "7"]) rig.server.join(channel);
  await rig.start();
  rig.server.post("6");
  await rig.complete();
  rig.server.post(ACCOUNT);
  await rig.complete();
  await waitFor(() => rig.engine.counts().sweepFound === 2);
  expect(rig.trouble).toEqual([]);
});

test("a chat that is quieter than usual is asked for before anybody is alarmed, and only its silence is told", async () => {
  const rig = await Rig.create({ deafEveryMs: 10 });
  rig.server.join("5");
  await rig.start();
  for (let n = 0; n < 8; n++) rig.push(rig.server.post("5"));
  await rig.complete();
  await waitFor(() => rig.server.calls.some((call) => call.startsWith("dialogsOf")));
  expect(rig.trouble).toEqual([]);
});

test("a chat of which the server has more than it gives is deaf, said once", async () => {
  const rig = await Rig.create({ sweepEveryMs: 5 });
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  const dialogs = rig.server.dialogs.bind(rig.server);
  rig.server.dialogs = async (next) => {
    const page = await dialogs(next);
    return { ...page, dialogs: page.dialogs.map((each) => ({ ...each, topId: 99 })) };
  };
  await waitFor(() => rig.trouble.length > 0);
  const sweeps = (): number => rig.server.calls.filter((call) => call.startsWith("dialogs ")).length;
  const before = sweeps();
  await waitFor(() => sweeps() > before + 2);
  expect(rig.trouble).toEqual([{ kind: "deaf", chat: "7" }]);
});

test("a crash before the commit: what was under way is fetched again, once", async () => {
  const rig = await Rig.create();
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  rig.server.post(ACCOUNT);
  rig.brokenCommits = 1;
  rig.push(rig.server.post(ACCOUNT));
  await rig.crash();
  rig.brokenCommits = 0;
  expect(await rig.start()).toMatchObject({ recovered: 2 });
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
});

test("more than can be worked off is asked for instead", async () => {
  const rig = await Rig.create();
  rig.server.limits.slice = 20_000;
  rig.server.join("5");
  await rig.start();
  const flood: Envelope[] = [];
  for (let n = 0; n < 10_050; n++) flood.push(rig.server.envelope([rig.server.post(n % 2 ? ACCOUNT : "5")]));
  for (const envelope of flood) rig.engine.feed(envelope);
  await rig.complete();
  expect(rig.engine.counts().recovered).toBeGreaterThan(10_000);
});
