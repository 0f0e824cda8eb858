/**
 * When no request may be sent, the engine sleeps until one may: a time in the past would keep the
 * process busy.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { CHECK, lookKey, RESET, Todo } from "../../src/updates/todo.ts";
import { ACCOUNT } from "../../src/wire/box.ts";

const KEYS = [ACCOUNT, RESET, CHECK, "5", "6", lookKey("7")];
const key = fc.constantFrom(...KEYS);
const action = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), key }),
  fc.record({ kind: fc.constant("done" as const), key }),
  fc.record({
    kind: fc.constant("failed" as const),
    key,
    waitMs: fc.integer({ min: 0, max: 5000 }),
  }),
  fc.record({ kind: fc.constant("rest" as const), key, waitMs: fc.integer({ min: 0, max: 5000 }) }),
  fc.record({ kind: fc.constant("pass" as const), waitMs: fc.integer({ min: 0, max: 5000 }) }),
);

test(
  "whenever nothing is due, the time of the next question is still to come, and then " +
    "something is due",
  () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
        const todo = new Todo([100, 1000]);
        let now = 1;
        for (const each of actions) {
          if (each.kind === "add") todo.add([each.key]);
          else if (each.kind === "done") todo.done(each.key);
          else if (each.kind === "failed") todo.failed(each.key, now, each.waitMs);
          else if (each.kind === "rest") todo.rest(each.key, now + each.waitMs);
          else now += each.waitMs;
          const at = todo.nextAt();
          if (todo.due(now) !== null) continue;
          expect(at).toBeGreaterThan(now);
          if (at < Number.POSITIVE_INFINITY) expect(todo.due(at)).not.toBeNull();
        }
      }),
    );
  },
);
