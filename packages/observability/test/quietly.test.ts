import { quietly } from "@flotilla/observability";
import { expect, test } from "vitest";

function written() {
  const lines: string[] = [];
  let now = 0;
  const onError = quietly(
    {
      warn: (fields) => {
        if ("err" in fields && fields.err instanceof Error) lines.push(fields.err.message);
      },
    },
    "redis",
    { now: () => now, monotonicMs: () => now },
  );
  const say = (...texts: readonly string[]): void => {
    for (const text of texts) onError(new Error(text));
  };
  const pass = (ms: number): void => {
    now += ms;
  };
  return { lines, say, pass };
}

test("each error is written once a minute, also when two come in turns", () => {
  const { lines, say, pass } = written();
  for (let n = 0; n < 100; n++) say("READONLY a", "READONLY b");
  expect(lines).toEqual(["READONLY a", "READONLY b"]);
  pass(61_000);
  say("READONLY a", "READONLY a");
  expect(lines).toEqual(["READONLY a", "READONLY b", "READONLY a"]);
});

test("texts that always differ are written, and not all remembered", () => {
  const { lines, say } = written();
  for (let n = 0; n < 60; n++) say(`script ${n}`);
  say("script 59", "script 0");
  expect(lines).toHaveLength(61);
  expect(lines.at(-1)).toBe("script 0");
});
