import {
  ErrorClass,
  NO_LINK,
  type RestartDecision,
  WorkerState,
  WorkerToSupervisor,
} from "@flotilla/contracts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type LifeEvent,
  NOT_STARTED,
  transition,
  type WorkerLife,
} from "../../src/policy/worker-life.ts";

const REPORTED = WorkerState.options.filter((state) => {
  const link = NO_LINK;
  return WorkerToSupervisor.safeParse({ kind: "status", state, fault: null, link }).success;
}) as Extract<LifeEvent, { kind: "reported" }>["state"][];

const decision: fc.Arbitrary<RestartDecision> = fc.oneof(
  fc.record({
    kind: fc.constant("restart" as const),
    delayMs: fc.nat(1000),
    attempt: fc.nat(5),
    limit: fc.constant(5),
  }),
  fc.record({ kind: fc.constant("retry" as const), delayMs: fc.nat(1000) }),
  fc.record({
    kind: fc.constant("gave-up" as const),
    attempts: fc.constant(5),
    windowMs: fc.constant(1),
  }),
  fc.record({ kind: fc.constantFrom("park" as const, "login" as const, "none" as const) }),
);
const event: fc.Arbitrary<LifeEvent> = fc.oneof(
  fc.record({ kind: fc.constant("spawned" as const) }),
  fc.record({ kind: fc.constant("reported" as const), state: fc.constantFrom(...REPORTED) }),
  fc.record({
    kind: fc.constant("stop-wanted" as const),
    as: fc.constantFrom("STOPPED" as const, "MAINTENANCE" as const),
  }),
  fc.record({ kind: fc.constant("ended" as const) }),
  fc.record({
    kind: fc.constant("exited" as const),
    class: fc.constantFrom(...ErrorClass.options),
    decision,
    now: fc.nat(1000),
  }),
);

/** Applies the events and skips the refused ones, as the supervisor does. */
function through(
  events: readonly LifeEvent[],
  each: (before: WorkerLife, happened: LifeEvent, after: WorkerLife) => void,
): WorkerLife {
  let life = NOT_STARTED;
  for (const happened of events) {
    const next = transition(life, happened);
    if ("refused" in next) continue;
    each(life, happened, next);
    life = next;
  }
  return life;
}

describe("over any series of events", () => {
  test(
    "there is at most one process: it starts only when there is none and ends only when the " +
      "kernel reports it",
    () => {
      fc.assert(
        fc.property(fc.array(event, { maxLength: 60 }), (events) => {
          through(events, (before, happened, after) => {
            if (before.process === "none" && after.process !== "none")
              expect(happened.kind).toBe("spawned");
            if (before.process !== "none" && after.process === "none")
              expect(["exited", "ended"]).toContain(happened.kind);
            if (happened.kind === "spawned") expect(before.process).toBe("none");
          });
        }),
      );
    },
  );

  test("a stop ends in STOPPED: no report of the ending process causes a restart", () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 30 }),
        fc.array(event, { maxLength: 10 }),
        (before, late) => {
          let life = transition(
            through(before, () => {}),
            { kind: "stop-wanted", as: "STOPPED" },
          ) as WorkerLife;
          for (const happened of late.filter(
            ({ kind }) => kind === "reported" || kind === "exited",
          )) {
            if (life.process === "none") break;
            expect(transition(life, happened)).toMatchObject({ refused: true });
          }
          if (life.process !== "none") life = transition(life, { kind: "ended" }) as WorkerLife;
          expect(life).toEqual({ process: "none", state: "STOPPED" });
        },
      ),
    );
  });

  test("a refusal names the state and the event, and equal arguments give equal results", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), event, (events, last) => {
        const life = through(events, () => {});
        const answer = transition(life, last);
        expect(transition(life, last)).toEqual(answer);
        if ("refused" in answer)
          expect(answer).toEqual({ refused: true, state: life.state, event: last.kind });
        else expect(WorkerState.options).toContain(answer.state);
      }),
    );
  });
});

test("each of the states can be reached", () => {
  const seen = new Set<string>(["STOPPED"]);
  const exits = ErrorClass.options.flatMap((found): LifeEvent[] => [
    { kind: "exited", class: found, decision: { kind: "retry", delayMs: 1 }, now: 1 },
    { kind: "exited", class: found, decision: { kind: "park" }, now: 1 },
  ]);
  const stops: LifeEvent[] = [{ kind: "stop-wanted", as: "MAINTENANCE" }, { kind: "ended" }];
  const reports = REPORTED.map((state): LifeEvent => ({ kind: "reported", state }));
  for (const last of [...exits, ...reports])
    through([{ kind: "spawned" }, last], (_before, _event, after) => seen.add(after.state));
  through([{ kind: "spawned" }, ...stops], (_before, _event, after) => seen.add(after.state));
  expect([...seen].sort()).toEqual([...WorkerState.options].sort());
});

test("a banned account leaves BANNED only by a login", () => {
  const banned: WorkerLife = { process: "up", state: "BANNED" };
  const after = REPORTED.filter(
    (state) => !("refused" in transition(banned, { kind: "reported", state })),
  );
  expect(after.sort()).toEqual(["BANNED", "LOGGING_IN"]);
});
