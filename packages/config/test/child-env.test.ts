/** The environment that Flotilla's child processes get (field fault C7). */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { childEnv, ENV, PASSED_ON } from "@flotilla/config";
import { spawnNode, testDir } from "@flotilla/testkit";
import { expect, test, vi } from "vitest";

test("a child trusts the certificates of NODE_EXTRA_CA_CERTS and lives in the time zone of TZ", async () => {
  const dir = await testDir();
  const authority = join(dir, "own-ca.pem");
  writeFileSync(authority, `${rootCertificates[0]}\n`);
  const program = join(dir, "child.mjs");
  writeFileSync(
    program,
    `import tls from "node:tls"; console.log(tls.getCACertificates("extra").length, new ` +
      "Date(0).getHours(), process.env.HTTPS_PROXY);",
  );
  vi.stubEnv("NODE_EXTRA_CA_CERTS", authority);
  vi.stubEnv("TZ", "Asia/Kolkata");
  vi.stubEnv("HTTPS_PROXY", "http://127.0.0.1:1");
  const child = spawnNode(program, [], { env: childEnv({}) });
  await child.exited;
  expect(child.stdout.trim()).toBe("1 5 undefined");
});

test.each(PASSED_ON)("%s is passed on", (name) => {
  vi.stubEnv(name, "as it is");
  expect(childEnv({})[name]).toBe("as it is");
});

test("settings come only as they are given, and nothing else comes at all", () => {
  const known = new Set<string>(PASSED_ON);
  for (const name of [...Object.keys(ENV), "AWS_SECRET_ACCESS_KEY", "npm_config_registry"])
    vi.stubEnv(name, "leaked");
  const passed = childEnv({ DATA_DIR: "/data", HOST_ID: undefined });
  expect(Object.keys(passed).filter((name) => !known.has(name))).toEqual(["DATA_DIR"]);
  expect(Object.values(passed)).not.toContain("leaked");
});
