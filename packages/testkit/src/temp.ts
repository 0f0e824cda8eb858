import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

/** Creates an empty folder; disposing removes it. The path is short enough for a Unix socket. */
export async function tempDir(prefix = "flotilla-"): Promise<{ path: string } & AsyncDisposable> {
  const dir = await mkdtemp(path.join(tmpdir(), prefix));
  return {
    path: dir,
    [Symbol.asyncDispose]: () =>
      rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }),
  };
}

/** Creates an empty folder that the end of the test removes. For a test or `beforeEach`. */
export async function testDir(prefix?: string): Promise<string> {
  const dir = await tempDir(prefix);
  onTestFinished(() => dir[Symbol.asyncDispose]());
  return dir.path;
}
