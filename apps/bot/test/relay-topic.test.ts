/**
 * The bot as the target of a route, in a topic of the sandbox's forum: what it answers is the Bot
 * API's, not a mock's.
 */
import type { Delivery, DeliveryStep, RouteTarget } from "@flotilla/contracts";
import { FileReader } from "@flotilla/files";
import { parseWorkerId, systemClock } from "@flotilla/kernel";
import { startSandbox } from "@flotilla/sandbox";
import { Api } from "grammy";
import { expect, onTestFinished, test } from "vitest";
import { BotDelivery } from "../src/relay/bot-delivery.ts";
import { controlDb } from "./support.ts";

const TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
const ANN = "4915550000001";

test(
  "texts, answers, edits and deletions go into the topic; a closed or deleted topic stops " +
    "the route",
  async () => {
    const sandbox = await startSandbox({ botToken: TOKEN, admin: { id: 1, firstName: "Admin" } });
    onTestFinished(() => sandbox.close());
    const { world } = sandbox;
    world.createAccount({ phone: ANN });
    const { id } = world.createChannel({ title: "Desk", members: [ANN], forum: true, bot: true });
    const topic = world.topics.create(id, "alpha");
    const db = await controlDb();
    const api = new Api(TOKEN, { apiRoot: sandbox.botApiRoot });
    const delivery = new BotDelivery({
      db,
      api,
      admins: { reachable: () => [] },
      wordsOf: () => {
        throw new Error("no admin is told");
      },
      fileReader: new FileReader({
        dataDir: "/nowhere",
        fleetKey: Buffer.alloc(32, 7),
        clock: systemClock,
      }),
      now: () => 0,
    });
    let n = 0;
    const perform = async (step: DeliveryStep, into: number = topic) => {
      const to: RouteTarget = { kind: "bot", chat: `-100${id}`, topic: into };
      const source = { chat: "-1001", id: 1, date: null, title: null, link: null };
      const reader = parseWorkerId("reader");
      const made: Delivery = {
        v: 1,
        kind: "delivery",
        id: `reader.${++n}.0`,
        key: `k${n}`,
        route: "r",
        reader,
        to,
        step,
        source,
      };
      const { result } = await delivery.perform(made);
      if (result.kind === "done") return result.ids[0] ?? null;
      return result.kind === "blocked" ? result.code : result.kind;
    };
    const say = (text: string, replyTo: number | null = null): DeliveryStep => ({
      kind: "send",
      randomId: "1",
      text,
      entities: [{ kind: "bold", offset: 0, length: 1 }],
      replyTo,
    });
    const first = Number(await perform(say("first")));
    const answer = Number(await perform(say("answer", first)));
    await perform(say("general"), 1);
    await perform({ kind: "edit", message: answer, text: "mended", entities: [] });
    const seen = () => world.history(ANN, id).map((each) => [each.text, each.topic, each.replyTo]);
    expect(seen()).toEqual([
      ["first", topic, null],
      ["mended", topic, first],
      ["general", null, null],
    ]);
    await perform({ kind: "delete", messages: [first] });
    expect(await perform(say("after", first))).toBeGreaterThan(0);
    expect(seen().at(-1), "what it answers is gone").toEqual(["after", topic, null]);
    world.topics.change(id, topic, { closed: true });
    expect(await perform(say("closed"))).toBe("TOPIC_CLOSED");
    world.topics.delete(id, topic);
    expect(await perform(say("deleted"))).toBe("TOPIC_DELETED");
  },
);
