import { LoopShare, nextTurn } from "@flotilla/kernel";
import { expect, test } from "vitest";

/** A clock that the test moves. */
function manual() {
  let at = 0;
  const advance = (ms: number): void => {
    at += ms;
  };
  return { now: () => at, monotonicMs: () => at, advance };
}

test(
  "work within its slice continues at once, and gives the event loop a turn when the slice " +
    "is over",
  async () => {
    const clock = manual();
    const share = new LoopShare(10, clock);
    const order: string[] = [];
    setImmediate(() => order.push("others"));
    await share.turn();
    order.push("first");
    clock.advance(9);
    await share.turn();
    order.push("second");
    clock.advance(1);
    await share.turn();
    order.push("third");
    await share.turn();
    order.push("fourth");
    expect(order).toEqual(["first", "second", "others", "third", "fourth"]);
  },
);

test("a turn that has passed anyway counts", async () => {
  const clock = manual();
  const share = new LoopShare(10, clock);
  clock.advance(50);
  expect(share.isOver()).toBe(true);
  share.begin();
  expect(share.isOver()).toBe(false);
});

test("a timer is heard within two turns", async () => {
  let heard = false;
  setTimeout(() => {
    heard = true;
  }, 1);
  const until = performance.now() + 5;
  while (performance.now() < until);
  await nextTurn();
  await nextTurn();
  expect(heard).toBe(true);
});
