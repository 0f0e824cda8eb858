import { expect, test } from "vitest";
import { SerialQueue } from "../src/serial-queue.ts";

test("work is done in the order of asking, one at a time, and a failure holds up nothing", async () => {
  const queue = new SerialQueue();
  const gate = Promise.withResolvers<void>();
  const events: string[] = [];
  const work = (name: string, end: () => Promise<void> | void) => async (): Promise<string> => {
    events.push(`${name} begins`);
    await end();
    events.push(`${name} ends`);
    return name;
  };
  const fail = (): never => {
    throw new Error("no");
  };
  const all = [
    queue.run(work("a", () => gate.promise)),
    queue.run(work("b", fail)),
    queue.run(work("c", () => {})),
  ];
  const settled = Promise.allSettled(all);
  await Promise.resolve();
  expect(events).toEqual(["a begins"]);
  gate.resolve();
  await queue.idle();
  expect((await settled).map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect(events).toEqual(["a begins", "a ends", "b begins", "c begins", "c ends"]);
});
