import { cp, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { freePort, type SpawnedProcess, spawnNode, testDir } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";
import { explainNpm, isHopeless, isInstalled } from "../../apps/cli/launch/install.mjs";

async function put(file: string, value: unknown): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(value));
}

/** A workspace whose only dependency is its own member: npm installs it without a registry. */
async function miniWorkspace(): Promise<string> {
  const root = path.join(await testDir(), "with a space");
  const member = { name: "member", version: "1.0.0" };
  const manifest = { name: "mini", version: "1.0.0", workspaces: ["packages/*"] };
  await put(path.join(root, "package.json"), manifest);
  await put(path.join(root, "packages/member/package.json"), member);
  await put(path.join(root, "package-lock.json"), {
    ...{ name: "mini", version: "1.0.0", lockfileVersion: 3, requires: true },
    packages: {
      "": manifest,
      "node_modules/member": { resolved: "packages/member", link: true },
      "packages/member": { version: "1.0.0" },
    },
  });
  return root;
}

function install(root: string, env: Record<string, string> = {}): SpawnedProcess {
  return spawnNode(path.join(import.meta.dirname, "fixtures", "install.mjs"), [root], {
    env: { HOME: "/nonexistent", ...env },
  });
}

describe("ensureInstalled, with real npm", () => {
  test("two launchers at once install once, without a home folder, in a path with spaces", async () => {
    const root = await miniWorkspace();
    expect(isInstalled(root)).toBe(false);
    const both = [install(root), install(root)];
    for (const each of both)
      expect(await each.exited, each.stdout + each.stderr).toEqual({ code: 0, signal: null });
    expect(
      both
        .map((each) => each.stderr.match(/installing the dependencies \(once/g)?.length ?? 0)
        .sort(),
    ).toEqual([0, 1]);
    expect(isInstalled(root)).toBe(true);
    const again = install(root);
    await again.exited;
    expect(again.stderr).toBe("");
  });

  test("a lock file that differs from package.json does not fail the install", async () => {
    const root = await miniWorkspace();
    await put(path.join(root, "packages/newcomer/package.json"), {
      name: "newcomer",
      version: "1.0.0",
    });
    const run = install(root);
    expect(await run.exited, run.stdout + run.stderr).toEqual({ code: 0, signal: null });
    expect(isInstalled(root)).toBe(true);
  });

  test("a registry that does not answer is one sentence", async () => {
    const root = await miniWorkspace();
    await put(path.join(root, "packages/member/package.json"), {
      name: "member",
      version: "1.0.0",
      dependencies: { "left-pad": "1.3.0" },
    });
    const run = install(root, {
      npm_config_registry: `http://127.0.0.1:${await freePort()}/`,
      npm_config_fetch_retries: "0",
    });
    expect((await run.exited).code).toBe(1);
    expect(run.stdout.trim()).toBe(
      "The npm registry cannot be reached (ECONNREFUSED). Check the network and the proxy " +
        "settings of npm, then start again.",
    );
  });
});

describe("isInstalled", () => {
  const lock = {
    packages: {
      "": { name: "root" },
      "packages/a": {},
      "node_modules/a": { link: true },
      "node_modules/b": { version: "1.0.0" },
      "node_modules/c-win": { version: "1.0.0", optional: true },
    },
  };
  const present = {
    packages: { "node_modules/a": { link: true }, "node_modules/b": { version: "1.0.0" } },
  };

  async function checkout(wanted: unknown, installed: unknown): Promise<string> {
    const root = await testDir();
    await put(path.join(root, "package-lock.json"), wanted);
    if (installed !== undefined)
      await put(path.join(root, "node_modules/.package-lock.json"), installed);
    return root;
  }

  test("npm's own record is enough; packages of other platforms may be missing", async () => {
    expect(isInstalled(await checkout(lock, present))).toBe(true);
  });

  test.for([
    ["nothing installed", undefined],
    [
      "another version",
      { packages: { ...present.packages, "node_modules/b": { version: "0.9.0" } } },
    ],
    ["a missing package", { packages: { "node_modules/a": { link: true } } }],
    ["an unreadable record", "nonsense"],
  ] as const)("%s means no", async ([, installed]) => {
    expect(isInstalled(await checkout(lock, installed))).toBe(false);
  });
});

test.for([
  ["npm error code ENOSPC\nnpm error syscall write", "The disk is full (ENOSPC)"],
  [
    "npm error code EROFS\nnpm error path /x/node_modules",
    "/x/node_modules is on a read-only file system",
  ],
  [
    "npm error code EACCES\nnpm error path /x/node_modules",
    "No permission to write /x/node_modules (EACCES)",
  ],
  [
    "npm error code ENOTFOUND\nnpm error network request failed",
    "The npm registry cannot be reached (ENOTFOUND)",
  ],
  [
    "npm error code ETARGET\nnpm error notarget No matching version found for a@9.",
    "Installing the dependencies failed: notarget No matching version found for a@9.",
  ],
  ["", "Installing the dependencies failed: npm ended with code 3"],
] as const)("npm's %j becomes %j", ([output, sentence]) => {
  expect(explainNpm(output, 3)).toContain(sentence);
});

test("a fresh copy of the real lock counts as not installed", async () => {
  const root = await testDir();
  await cp(
    path.resolve(import.meta.dirname, "../../package-lock.json"),
    path.join(root, "package-lock.json"),
  );
  await mkdir(path.join(root, "node_modules"));
  expect(isInstalled(root)).toBe(false);
});

test("npm is stopped early only when no request was answered", () => {
  const failed = "npm http fetch GET http://r/a attempt 1 failed with ENOTFOUND\n";
  expect(isHopeless(failed.repeat(19))).toBe(false);
  expect(isHopeless(failed.repeat(20))).toBe(true);
  expect(
    isHopeless(`npm http fetch GET 200 http://r/b 12ms (cache hit)\n${failed.repeat(20)}`),
  ).toBe(false);
  expect(explainNpm(failed, 1)).toContain("cannot be reached (ENOTFOUND)");
});
