/** Photos and files from a reader to the bot, which the test plays (field faults B1, B7). */
import { existsSync, readFileSync } from "node:fs";
import { type DeliveryResult, type DeliveryStep, relayFile } from "@flotilla/contracts";
import { RelayLink } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { counted, edit, gone, pair } from "./pair.ts";
import { post } from "./world.ts";

const TO = { kind: "bot", chat: "-1000000000002" };
const document = (id: string) => ({ media: { kind: "document", id, mime: "text/plain" } });

/** A route to the bot, which answers each step with new ids or with the result of `refuse`. */
async function atBot(
  change: object = {},
  refuse: (step: DeliveryStep) => DeliveryResult | null = () => null,
) {
  const it = await pair({ to: TO, ...change });
  const steps: DeliveryStep[] = [];
  const files: string[] = [];
  let last = 50;
  const bot = new RelayLink({
    place: it.place,
    who: "the bot",
    onError: () => {},
    handle: async (message) => {
      if (message.kind !== "delivery") return;
      const { id, key, route, step, reader } = message;
      const own =
        step.kind === "upload" ? step.files.map((file) => ({ ...file, row: step.row })) : [];
      if (step.kind === "edit" && step.file) own.push(step.file);
      for (const file of own)
        files.push(readFileSync(relayFile(it.dir, reader, file.row, file.message), "utf8"));
      steps.push(step);
      const uploads = step.kind === "upload" ? step.files.length : 0;
      const count = step.kind === "send" ? 1 : uploads;
      const lost = "lost" in step && step.lost ? { lost: step.lost } : {};
      const done = {
        kind: "done" as const,
        ids: Array.from({ length: count }, () => ++last),
        ...lost,
        at: 0,
      };
      await bot.confirm(reader, {
        v: 1,
        kind: "confirmation",
        id,
        key,
        route,
        result: refuse(step) ?? done,
      });
    },
  });
  bot.start();
  onTestFinished(() => bot.close());
  return { ...it, steps, files };
}

test(
  "a file that answers a message is uploaded as an answer with the template's text, then " +
    "deleted from disk",
  async () => {
    const { reader, targets, steps, files, dir } = await atBot({
      action: { kind: "copy", template: "📣 {text}" },
    });
    targets.content.set(2, Buffer.from("bytes"));
    reader.receive(post(1, "first"), post(2, "see", { ...document("7"), replyTo: 1 }));
    await counted(reader, "delivered", 2);
    expect(files).toEqual(["bytes"]);
    expect(steps[1]).toMatchObject({
      kind: "upload",
      replyTo: 51,
      files: [{ kind: "document", text: "📣 see", name: "2.txt" }],
    });
    const [upload] = steps.slice(1);
    const row = upload?.kind === "upload" ? upload.row : 0;
    await waitFor(() => !existsSync(relayFile(dir, "reader", row, 2)));
    reader.receive(edit(2, 5, "see there", document("7")));
    await counted(reader, "edited");
    expect(steps[2]).toMatchObject({
      kind: "edit",
      message: 52,
      text: "📣 see there",
      caption: true,
    });
    expect(steps[2], "its file is the same").not.toHaveProperty("file");
  },
);

test(
  "an album is uploaded as one; each piece keeps its caption and is edited and deleted on " +
    "its own",
  async () => {
    const { reader, targets, steps } = await atBot();
    for (const id of [1, 2, 3]) targets.content.set(id, Buffer.from(`${id}`));
    const piece = (id: string) => ({ ...document(id), groupedId: "7" });
    reader.receive(
      post(1, "one", piece("1")),
      post(2, "", piece("2")),
      post(3, "three", piece("3")),
    );
    await counted(reader, "delivered");
    expect(steps).toMatchObject([
      { kind: "upload", files: [{ text: "one" }, { text: "" }, { text: "three" }] },
    ]);
    reader.receive(edit(3, 5, "3", piece("3")), gone(2, 6));
    await counted(reader, "deleted");
    expect(steps.slice(1)).toMatchObject([
      { kind: "edit", message: 53, text: "3", caption: true },
      { kind: "delete", messages: [52] },
    ]);
  },
);

test("an edit that replaces a photo or file replaces it in the target", async () => {
  const { reader, targets, steps, files } = await atBot();
  targets.content.set(1, Buffer.from("old"));
  reader.receive(post(1, "x", document("1")));
  await counted(reader, "delivered");
  targets.content.set(1, Buffer.from("new"));
  reader.receive(edit(1, 5, "y", document("2")));
  await counted(reader, "edited");
  expect([files, steps[1]]).toMatchObject([
    ["old", "new"],
    { kind: "edit", message: 51, text: "y", file: { message: 1 } },
  ]);
});

test.each<[string, object, (step: DeliveryStep) => DeliveryResult | null]>([
  ["larger than the route carries", { maxFileMb: 1 }, () => null],
  [
    "on another host than the bot",
    {},
    (step) => (step.kind === "upload" ? refused("file-missing") : null),
  ],
  [
    "refused by the Bot API for its size",
    {},
    (step) => (step.kind === "upload" ? refused("file-too-large") : null),
  ],
  ["not wanted", { maxFileMb: 0 }, () => null],
  [
    "kept where the bot cannot read it",
    {},
    (step) => (step.kind === "upload" ? refused("file-elsewhere") : null),
  ],
])(
  "a file is %s: only its text is sent, as an answer, and the card counts it",
  async (_what, change, refuse) => {
    const { reader, targets, steps } = await atBot(change, refuse);
    targets.content.set(2, Buffer.alloc(1_100_000));
    reader.receive(post(1, "first"), post(2, "see", { ...document("7"), replyTo: 1 }));
    await counted(reader, "delivered", 2);
    expect(steps.at(-1)).toMatchObject({ kind: "send", text: "see", replyTo: 51 });
    expect(reader.store.relay.outbox.counts("signals")["no-media"]).toBe(1);
    reader.receive(edit(2, 5, "see there", document("7")));
    await counted(reader, "edited");
    expect(steps.at(-1)).toMatchObject({ kind: "edit", text: "see there" });
    expect(steps.at(-1)).not.toHaveProperty("caption");
  },
);

test.each(["poll", "geo", "contact"])(
  "a %s is sent as its link, and the card counts it",
  async (kind) => {
    const { reader, steps } = await atBot();
    reader.receive(post(1, "", { media: { kind } }));
    await counted(reader, "delivered");
    expect(steps).toMatchObject([{ kind: "send", text: "https://t.me/c/1/1" }]);
    expect(reader.store.relay.outbox.counts("signals")["no-media"]).toBe(1);
  },
);

function refused(code: string): DeliveryResult {
  return { kind: "refused", code, reason: code };
}
