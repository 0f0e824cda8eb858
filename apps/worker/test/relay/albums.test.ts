import { RelayLink } from "@flotilla/queue";
import type { StepPlan } from "@flotilla/relay";
import { type OutboxRow, openSession } from "@flotilla/session-store";
import { testDir, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { planStep } from "../../src/relay/plan-step.ts";
import { counted, edit, gone, pair, tell } from "./pair.ts";
import { aMessage, route as aRoute, FLEET_KEY, post } from "./world.ts";

const TARGET = "-1000000000002";
const photo = { media: { kind: "photo" }, groupedId: "7" };

describe("field fault F10: the filter judges an album as a whole", () => {
  test.each([
    ["its caption on the first piece matches", "btc", ["btc", "", ""], true],
    ["its caption on the last piece matches", "btc", ["", "", "btc"], true],
    ["two captions together match", "btc and eth", ["btc", "eth", ""], true],
    ["an excluded word is on one piece", "not advert", ["advert", "", ""], false],
    ["nothing matches", "btc", ["eth", "", ""], false],
  ])("%s", async (_name, filter, captions, isTaken) => {
    const { reader, targets } = await pair({ filter });
    for (const [n, text] of captions.entries()) reader.receive(post(n + 1, text, photo));
    await counted(reader, isTaken ? "delivered" : "filtered");
    expect(targets.in(TARGET)).toEqual(isTaken ? ["fwd 1", "fwd 2", "fwd 3"] : []);
    expect(reader.store.relay.outbox.counts("signals")).toEqual(
      isTaken ? { matched: 1, delivered: 1 } : { filtered: 1 },
    );
  });

  test(
    "one alert reports the album with its caption; a filtered album can be fetched after the " +
      "filter changes",
    async () => {
      const { reader, targets, place } = await pair({ filter: "btc", alert: "silent" });
      const alerts: string[] = [];
      const bot = new RelayLink({
        place,
        who: "the bot",
        onError: () => {},
        handle: async (message) => {
          if (message.kind === "delivery" && message.step.kind === "alert")
            alerts.push(message.step.excerpt);
        },
      });
      bot.start();
      onTestFinished(() => bot.close());
      reader.receive(
        post(1, "", photo),
        post(2, "btc", photo),
        post(3, "eth", { ...photo, groupedId: "8" }),
      );
      await counted(reader, "filtered");
      await waitFor(() => alerts.length === 1);
      expect(alerts).toEqual(["btc"]);
      await tell(place, reader, { filter: "eth" });
      targets.history = [{ ...aMessage(3), text: "eth", groupedId: "8", media: "photo" }];
      reader.relay.backfill("signals", { last: 20 });
      await waitFor(() => targets.in(TARGET).includes("fwd 3"));
    },
  );
});

describe("field fault F11: edits and deletions of an album that was delivered as one message", () => {
  /** A bot that carries no files gets an album as one text. The test plays the bot. */
  async function atBot() {
    const it = await pair({ to: { kind: "bot", chat: TARGET }, maxFileMb: 0 });
    const steps: object[] = [];
    const bot = new RelayLink({
      place: it.place,
      who: "the bot",
      onError: () => {},
      handle: async (message) => {
        if (message.kind !== "delivery") return;
        const { id, key, route, step } = message;
        steps.push(step);
        const ids = step.kind === "send" ? [50] : [];
        await bot.confirm(message.reader, {
          v: 1,
          kind: "confirmation",
          id,
          key,
          route,
          result: { kind: "done", ids, at: 0 },
        });
      },
    });
    bot.start();
    onTestFinished(() => bot.close());
    it.reader.receive(post(1, "caption", photo), post(2, "", photo), post(3, "", photo));
    await counted(it.reader, "delivered");
    return { ...it, steps };
  }

  test("an edit of a piece without text does not change the text", async () => {
    const { reader, steps } = await atBot();
    reader.receive(edit(2, 9, "", { ...photo, media: { kind: "photo", id: "77" } }));
    await counted(reader, "unchanged");
    reader.receive(edit(1, 10, "caption, mended", photo));
    await counted(reader, "edited");
    expect(steps).toMatchObject([
      { kind: "send", text: "caption" },
      { kind: "edit", message: 50, text: "caption, mended" },
    ]);
  });

  test(
    "a deleted photo deletes nothing; the caption goes with its piece, and the message with " +
      "the last piece",
    async () => {
      const { reader, steps } = await atBot();
      reader.receive(gone(3, 9));
      await counted(reader, "unchanged");
      reader.receive(gone(1, 10));
      await counted(reader, "deleted");
      reader.receive(gone(2, 11));
      await counted(reader, "deleted", 2);
      expect(steps.slice(1)).toMatchObject([
        { kind: "edit", message: 50, text: "https://t.me/c/1/2" },
        { kind: "delete", messages: [50] },
      ]);
    },
  );

  test(
    "of version 0.1, without roles: a piece without text changes nothing, the last deletion " +
      "deletes the message",
    async () => {
      const toBot = aRoute({ to: { kind: "bot", chat: TARGET } });
      using store = openSession({ dir: await testDir(), name: "reader", fleetKey: FLEET_KEY });
      const { relay } = store;
      const chat = "-1000000000001";
      const row = (id: number, kind: "new" | "edit" | "delete"): OutboxRow => {
        const key = `${chat}/${id}/${kind}`;
        const piece = JSON.stringify(
          kind === "delete" ? { chat, id } : { ...aMessage(id), media: "photo" },
        );
        relay.outbox.take(
          [],
          [
            {
              lane: "signals",
              route: "signals",
              key,
              kind,
              album: null,
              piece,
              sourceAt: 1,
              readyAt: 0,
            },
          ],
          [],
        );
        return relay.outbox.head("signals") as OutboxRow;
      };
      const ids = [1, 2].map((message) => ({ chat, message, targetMessage: 50 }));
      relay.outbox.finish(row(1, "new"), { chat: TARGET, topic: null }, ids, "delivered");
      const planned = (of: OutboxRow): StepPlan => {
        const plan = planStep(relay, toBot, of);
        relay.outbox.finish(of, { chat: TARGET, topic: null }, [], "edited");
        return plan;
      };
      expect(planned(row(2, "edit"))).toEqual({ kind: "nothing", reason: "unchanged" });
      expect(planned(row(2, "delete"))).toEqual({ kind: "nothing", reason: "unchanged" });
      relay.map.forget("signals", chat, 2);
      expect(planned(row(1, "delete"))).toMatchObject({ step: { kind: "delete", messages: [50] } });
    },
  );
});
