import { parseWorkerId } from "@flotilla/kernel";
import { RelayBoard } from "@flotilla/queue";
import { sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { placeAt, post, route, runWorker, Targets, tellRoutes } from "./world.ts";

const TARGET = "-1000000000002";

async function pair() {
  const [place, dir, targets] = [
    placeAt((await sharedRedis()).url),
    await testDir(),
    new Targets(),
  ];
  const reader = runWorker(dir, "reader", place, targets);
  const sender = runWorker(dir, "sender", place, targets);
  onTestFinished(async () => {
    await reader.close();
    await sender.close();
  });
  await tellRoutes(place, "reader", [route()]);
  await waitFor(() => reader.store.relay.routes() !== null);
  const board = new RelayBoard(place, () => {});
  onTestFinished(() => board.close());
  const isBlocked = async (): Promise<boolean> =>
    (await board.read(parseWorkerId("reader")))?.routes[0]?.blocked === true;
  return { targets, reader, isBlocked };
}

/** Makes the target refuse these texts with this code; returns the attempts. */
function refusing(targets: Targets, code: string, texts: readonly string[]): string[] {
  const tried: string[] = [];
  targets.fault = (_chat, text) => {
    tried.push(text);
    return texts.includes(text) ? new Error(code) : null;
  };
  return tried;
}

const poison = ({ reader }: Awaited<ReturnType<typeof pair>>) =>
  reader.store.relay.outbox.poison("signals", 9);

describe("field fault B3", () => {
  test.each([
    "CHAT_SEND_DOCS_FORBIDDEN",
    "CHAT_SEND_ROUNDVIDEOS_FORBIDDEN",
    "VOICE_MESSAGES_FORBIDDEN",
    "REPLY_MESSAGE_ID_INVALID",
    "DOCUMENT_INVALID",
    "WEBPAGE_CURL_FAILED",
    "POLL_ANSWERS_INVALID",
  ])(
    "%s concerns only this message: it is set aside, and the next one is delivered",
    async (code) => {
      const it = await pair();
      refusing(it.targets, code, ["a document"]);
      it.reader.receive(post(1, "a document"), post(2, "a text"));
      await waitFor(() => it.targets.in(TARGET).length === 1);
      expect(it.targets.in(TARGET)).toEqual(["a text"]);
      expect(poison(it)).toMatchObject([{ reason: code }]);
    },
  );

  test(
    "an unknown refusal is probed with the next message: when the target accepts it, the first " +
      "one is set aside",
    async () => {
      const it = await pair();
      const tried = refusing(it.targets, "SOMETHING_NEW_2027", ["odd"]);
      it.reader.receive(post(1, "odd"));
      await waitFor(() => tried.length === 1);
      expect(poison(it), "one message decides nothing").toEqual([]);
      it.reader.receive(post(2, "even"), post(3, "last"));
      await waitFor(() => it.targets.in(TARGET).length === 2);
      expect(it.targets.in(TARGET)).toEqual(["even", "last"]);
      expect(poison(it)).toMatchObject([{ reason: "SOMETHING_NEW_2027" }]);
      expect(tried).toEqual(["odd", "even", "last"]);
    },
  );

  test("when the next one is refused too, the route stops with all of them and resumes in order", async () => {
    const it = await pair();
    const tried = refusing(it.targets, "SOMETHING_NEW_2027", ["one", "two"]);
    it.reader.receive(post(1, "one"), post(2, "two"), post(3, "three"));
    await waitFor(() => tried.length === 2);
    await waitFor(it.isBlocked);
    expect(poison(it)).toEqual([]);
    expect(it.targets.in(TARGET)).toEqual([]);
    it.targets.fault = () => null;
    it.reader.relay.wake("signals");
    await waitFor(() => it.targets.in(TARGET).length === 3);
    expect(it.targets.in(TARGET)).toEqual(["one", "two", "three"]);
  });

  test("a refusal that concerns the target stops the route at once", async () => {
    const it = await pair();
    const tried = refusing(it.targets, "CHAT_WRITE_FORBIDDEN", ["one", "two"]);
    it.reader.receive(post(1, "one"), post(2, "two"));
    await waitFor(it.isBlocked);
    expect(tried).toEqual(["one"]);
  });
});
