import { afterAll, beforeEach } from "vitest";
import { childrenOf } from "../process/inspect.ts";
import { waitFor } from "../wait.ts";

/**
 * Runs in every test file: fails a test that leaks a child process and kills the child. Children
 * that existed before the test, such as a server of `beforeAll`, must be gone at the end of the
 * file.
 */
const atStart = new Set(childrenOf(process.pid).map((child) => child.pid));

beforeEach(({ onTestFinished }) => {
  const before = new Set(childrenOf(process.pid).map((child) => child.pid));
  // Registered first, so that it runs last, after the test's own clean-up.
  onTestFinished(() => failOnNewChildren(before));
});

afterAll(() => failOnNewChildren(atStart));

const GRACE_MS = 1000;

async function failOnNewChildren(known: ReadonlySet<number>): Promise<void> {
  const leaked = (): ReturnType<typeof childrenOf> =>
    childrenOf(process.pid).filter((child) => !known.has(child.pid));
  if (leaked().length === 0) return;
  // A signalled child may need a moment to exit.
  await waitFor(() => leaked().length === 0, { timeoutMs: GRACE_MS }).catch(() => {});
  const left = leaked();
  for (const child of left) process.kill(child.pid, "SIGKILL");
  if (left.length > 0)
    throw new Error(
      `leaked child processes: ${left.map((child) => `${child.pid} ${child.command}`).join("; ")}`,
    );
}
