import { userInfo } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { spawnProcess } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { systemUser } from "../src/user.ts";

test("a user is who the system says", () => {
  expect(systemUser()).toEqual({ name: userInfo().username, home: userInfo().homedir });
});

test.runIf(process.getuid?.() === 0).each([
  ["with HOME", ["HOME=/somewhere"], { name: "uid 12345", home: "/somewhere" }],
  ["without HOME", ["-u", "HOME"], { name: "uid 12345", home: null }],
])(
  "a number that no list of users has, %s, as a container can be started with, is a user, too",
  async (_what, env, user) => {
    const file = pathToFileURL(join(import.meta.dirname, "../src/user.ts")).href;
    const program = `import(${JSON.stringify(file)}).then((it) => console.log(JSON.stringify(it.systemUser())))`;
    const as = ["--reuid=12345", "--regid=12345", "--clear-groups", "env", ...env];
    const child = spawnProcess("setpriv", [...as, process.execPath, "-e", program]);
    await child.exited;
    expect(child.stdout.trim() === "" ? child.stderr : JSON.parse(child.stdout)).toEqual(user);
  },
);
