import { expect, test, vi } from "vitest";
import { waitFor } from "../src/index.ts";

test("waitFor returns the first truthy value, also of a promise", async () => {
  let looks = 0;
  expect(await waitFor(async () => (++looks === 3 ? "there" : undefined))).toBe("there");
});

test("waitFor says what was missing", async () => {
  const wait = waitFor(() => 0, { timeoutMs: 20, what: "the moon" });
  await expect(wait).rejects.toThrow("waited 20 ms for the moon; last value: 0");
  const throwing = waitFor(() => JSON.parse("{"), { timeoutMs: 20, what: "JSON" });
  await expect(throwing).rejects.toThrow(/for JSON; last error: .*JSON/);
});

test("waitFor works under fake timers", async () => {
  vi.useFakeTimers();
  try {
    let looks = 0;
    expect(await waitFor(() => ++looks > 2)).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});
