import { Api, type TelegramClient } from "telegram";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ConnectionEvent } from "../../src/world/views.ts";
import { gramjsClient, savedSession } from "./support/gramjs.ts";
import { connected, loggedIn, pushed, type Stage, stage, until } from "./support/kit.ts";

const ANN = "15550000001";
const BOB = "15550000002";

beforeEach(() => {
  // GramJS prints lost connections itself, past its logger.
  vi.spyOn(console, "error").mockImplementation(() => {});
});

async function scene(): Promise<Stage & { ann: TelegramClient }> {
  const set = await stage();
  set.telegram.world.createAccount({ phone: ANN });
  set.telegram.world.createAccount({ phone: BOB, username: "bob_ray" });
  const ann = await loggedIn(set.telegram, ANN);
  await ann.getMe();
  return { ...set, ann };
}

function events(log: ConnectionEvent[]): string[] {
  return log.map((entry) => entry.event);
}

describe("connections", () => {
  it.each(["fin", "rst"] as const)(
    "are dropped (%s), and the client comes back with its login",
    async (how) => {
      const { telegram, ann } = await scene();
      const [before] = telegram.world.connections();
      expect(telegram.world.faults.drop({ phone: BOB }, how)).toBe(0);
      expect(telegram.world.faults.drop({ phone: ANN }, how)).toBe(1);
      await until("GramJS is back", () =>
        telegram.world.connections().some((view) => view.id !== before?.id && view.phone === ANN),
      );
      expect((await ann.getMe()).phone).toBe(ANN);
    },
  );

  it("fall silent until they are healed", async () => {
    const { telegram, ann } = await scene();
    telegram.world.faults.silence({ phone: ANN });
    let answered = false;
    const call = ann.getDialogs({}).then(() => (answered = true));
    const bob = await loggedIn(telegram, BOB);
    await bob.getMe();
    expect(answered).toBe(false);
    telegram.world.faults.heal();
    await call;
    expect(answered).toBe(true);
  });

  it("are taken and never answered, when silence is for new ones as well", async () => {
    const { telegram } = await stage();
    telegram.world.faults.silence({ dc: 2 }, "open-and-new");
    const client = gramjsClient(telegram);
    const connecting = client.connect();
    await until("the connection is there", () => telegram.world.connections().length === 1);
    telegram.world.faults.heal();
    expect(await connecting).toBe(true);
  });

  it("answer late, in order", async () => {
    const { telegram, ann } = await scene();
    telegram.world.faults.delay({ phone: ANN }, 60);
    const started = performance.now();
    await ann.invoke(new Api.updates.GetState());
    expect(performance.now() - started).toBeGreaterThan(55);
    telegram.world.faults.delay({ phone: ANN }, 0);
    await ann.invoke(new Api.updates.GetState());
  });

  it("are refused until they are healed", async () => {
    const { telegram, ann } = await scene();
    telegram.world.faults.refuse(2);
    telegram.world.faults.drop({}, "rst");
    const other = gramjsClient(telegram);
    const connecting = other.connect();
    await until("all are gone", () => telegram.world.connections().length === 0);
    telegram.world.faults.heal();
    expect(await connecting).toBe(true);
    expect((await ann.getMe()).phone).toBe(ANN);
  });

  it("survive the restart of a DC on its port", async () => {
    const { telegram, ann } = await scene();
    const port = telegram.port(2);
    await telegram.world.faults.restartDc(2, 20);
    expect(telegram.port(2)).toBe(port);
    expect((await ann.getMe()).phone).toBe(ANN);
    await expect(telegram.world.faults.restartDc(9, 0)).rejects.toThrow(RangeError);
  });

  it("end when a client's pings stop, as the client asked", async () => {
    const { telegram, ann } = await scene();
    // biome-ignore lint/suspicious/noExplicitAny: GramJS has no public way to send a service message.
    const sender = (ann as any)._sender as { send(request: unknown): Promise<unknown> };
    const [before] = telegram.world.connections();
    await sender.send(new Api.PingDelayDisconnect({ pingId: 1n as never, disconnectDelay: 0 }));
    await until("the connection has ended", () =>
      telegram.world.connections().every((view) => view.id !== before?.id),
    );
  });
});

describe("calls", () => {
  it("fail as told, so many times", async () => {
    const { telegram, ann } = await scene();
    const { faults } = telegram.world;
    faults.failCalls({
      method: "updates.getState",
      code: 500,
      text: "INTERNAL",
      times: 1,
      phone: BOB,
    });
    faults.failCalls({
      method: "updates.getState",
      code: 401,
      text: "SESSION_REVOKED",
      times: 2,
      phone: `+${ANN}`,
    });
    faults.failCalls({ method: "*", code: 420, text: "FLOOD_WAIT_120", times: 1 });
    const ask = (): Promise<unknown> => ann.invoke(new Api.updates.GetState());
    for (let count = 0; count < 2; count++)
      await expect(ask()).rejects.toMatchObject({ code: 401, errorMessage: "SESSION_REVOKED" });
    await expect(ask()).rejects.toMatchObject({ code: 420, seconds: 120 });
    await ask();
    faults.failCalls({ method: "*", code: 406, text: "AUTH_KEY_DUPLICATED", times: 9 });
    faults.heal();
    await ask();
  });

  // Field fault E3: clients ask again for ever when they are answered 5xx.
  it("of a method that is not modelled fail as at Telegram, and the log names it", async () => {
    const { telegram, ann, log } = await scene();
    const request = new Api.account.GetAllSecureValues();
    await expect(ann.invoke(request)).rejects.toMatchObject({
      code: 400,
      errorMessage: "INPUT_METHOD_INVALID",
    });
    expect(log).toEqual(["method account.getAllSecureValues is not modelled"]);
    expect(telegram.world.counters()["account.getAllSecureValues"]).toBe(1);
  });
});

describe("auth keys", () => {
  it("are killed when they are used from two addresses at once", async () => {
    const { telegram, ann } = await scene();
    const twin = gramjsClient(telegram, { saved: savedSession(ann), localAddress: "127.0.0.3" });
    await expect(twin.connect()).rejects.toMatchObject({
      code: 406,
      errorMessage: "AUTH_KEY_DUPLICATED",
    });
    await expect(ann.getMe()).rejects.toMatchObject({
      code: 406,
      errorMessage: "AUTH_KEY_DUPLICATED",
    });
    expect(
      events(telegram.world.connectionLog()).filter((event) => event === "duplicated"),
    ).toHaveLength(2);
    expect(telegram.world.sessions(ANN)).toEqual([]);
  });

  it("may be used by two connections from one address; the log shows it", async () => {
    const { telegram, ann } = await scene();
    const twin = await connected(telegram, { saved: savedSession(ann) });
    expect((await twin.getMe()).phone).toBe(ANN);
    expect((await ann.getMe()).phone).toBe(ANN);
    const live = telegram.world.connections();
    expect(live.map((view) => view.phone)).toEqual([ANN, ANN]);
    expect(new Set(live.map((view) => view.keyId)).size).toBe(1);
    expect(events(telegram.world.connectionLog())).toEqual([
      "opened",
      "authorised",
      "opened",
      "authorised",
    ]);
  });

  it("that were forgotten get transport error -404", async () => {
    const { telegram, ann } = await scene();
    const broken = Promise.withResolvers<void>();
    // biome-ignore lint/suspicious/noExplicitAny: what GramJS does on -404 has no public trace.
    const sender = (ann as any)._sender as { _handleBadAuthKey(skip?: boolean): void };
    sender._handleBadAuthKey = () => broken.resolve();
    telegram.world.faults.forgetKey(telegram.world.sessions(ANN)[0]?.keyId ?? "");
    await broken.promise;
    expect(telegram.world.sessions(ANN)).toEqual([]);
  });
});

describe("updates", () => {
  // The second message of a user comes in its short form, which names no user.
  const texts = (updates: (Api.TypeUpdate | Api.UpdateShortMessage)[]): string[] =>
    updates.flatMap((update) => {
      if (update instanceof Api.UpdateShortMessage) return [update.message];
      return update instanceof Api.UpdateNewMessage
        ? [(update.message as Api.Message).message]
        : [];
    });

  it.each([
    { mode: "gap", expected: ["three"] },
    { mode: "duplicate", expected: ["one", "one", "two", "two", "three"] },
    { mode: "reorder", expected: ["two", "one", "three"] },
    { mode: "withhold", expected: ["three", "one", "two"] },
  ] as const)("come with a $mode", async ({ mode, expected }) => {
    const { telegram, ann } = await scene();
    const start = await ann.invoke(new Api.updates.GetState());
    const updates = pushed(ann);
    telegram.world.faults.updates(ANN, mode, 2);
    for (const text of ["one", "two", "three"]) telegram.world.sendPrivate(BOB, ANN, text);
    await until("the last one is there", () => texts(updates).includes("three"));
    telegram.world.faults.heal();
    await until("all are there", () => texts(updates).length === expected.length);
    expect(texts(updates)).toEqual(expected);
    const missed = await ann.invoke(
      new Api.updates.GetDifference({ pts: start.pts, date: start.date, qts: 0 }),
    );
    expect((missed as Api.updates.Difference).newMessages).toHaveLength(3);
  });
});

describe("answers about missed updates", () => {
  const ask = (client: TelegramClient, pts: number) =>
    client.invoke(
      new Api.updates.GetDifference({ pts, date: Math.floor(Date.now() / 1000) + 99, qts: 0 }),
    );

  it(
    "are refused, lead nowhere, or hold what cannot be read, until they are healed; other " +
      "accounts are not concerned",
    async () => {
      const { telegram, ann } = await scene();
      const bob = await loggedIn(telegram, BOB);
      const { pts } = await ann.invoke(new Api.updates.GetState());
      telegram.world.sendPrivate(BOB, ANN, "hi");
      const { faults } = telegram.world;
      faults.differences({ phone: ANN, mode: "refused", text: "SOMETHING_NEW" });
      await expect(ask(ann, pts)).rejects.toMatchObject({
        code: 400,
        errorMessage: "SOMETHING_NEW",
      });
      faults.heal();
      faults.differences({ phone: `+${ANN}`, mode: "stuck" });
      for (let n = 0; n < 3; n++) {
        const answer = await ask(ann, pts);
        expect(answer).toMatchObject({
          className: "updates.DifferenceSlice",
          intermediateState: { pts },
        });
      }
      for (const mode of ["unreadable", "garbled"] as const) {
        faults.heal();
        faults.differences({ phone: ANN, mode });
        await expect(ask(ann, pts)).rejects.toThrow("Constructor ID");
        expect((await ask(bob, 0)).className).toMatch(/^updates.Difference/);
      }
      faults.heal();
      expect((await ask(ann, pts)).className).toBe("updates.Difference");
    },
  );
});
