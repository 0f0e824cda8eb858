/** Where Redis is, as people write it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EnvValues } from "@flotilla/config";
import { redisOf, ruleProblems } from "@flotilla/config";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";

function parsed(env: EnvValues, cwd = "/"): { redis: unknown; problems: string[] } {
  const problems = ruleProblems(env);
  return { redis: redisOf(env, cwd, problems)?.reveal() ?? null, problems };
}

test("nothing set is Flotilla's own Redis", () => {
  expect(parsed({})).toEqual({ redis: null, problems: [] });
});

test("a URL stays as it is", () => {
  expect(parsed({ REDIS_URL: "redis://h:1" })).toEqual({ redis: "redis://h:1", problems: [] });
});

test("sentinels are hosts with or without a port, and IPv6 in brackets", () => {
  const { redis, problems } = parsed({
    REDIS_SENTINELS: "a, b:26380 ,[::1]:26381,[fd00::2]",
    REDIS_SENTINEL_PASSWORD: "s3cret,;",
    REDIS_PASSWORD: "p@:/",
  });
  expect(problems).toEqual([]);
  expect(redis).toEqual({
    kind: "sentinel",
    nodes: [
      { host: "a", port: 26_379 },
      { host: "b", port: 26_380 },
      { host: "::1", port: 26_381 },
      { host: "fd00::2", port: 26_379 },
    ],
    name: "mymaster",
    login: { password: "p@:/" },
    sentinelPassword: "s3cret,;",
    tls: null,
  });
});

test("a cluster with TLS reads its certificates from files", async () => {
  const dir = await testDir();
  const pem = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
  writeFileSync(join(dir, "ca.pem"), pem);
  const { redis, problems } = parsed(
    { REDIS_CLUSTER: "n1:7000,n2:7000", REDIS_USERNAME: "fleet", REDIS_TLS_CA: "ca.pem" },
    dir,
  );
  expect(problems).toEqual([]);
  expect(redis).toEqual({
    kind: "cluster",
    nodes: [
      { host: "n1", port: 7000 },
      { host: "n2", port: 7000 },
    ],
    login: { username: "fleet" },
    tls: { ca: pem },
  });
});

test.each<[string, EnvValues, string]>([
  ["two places", { REDIS_URL: "redis://h", REDIS_SENTINELS: "a" }, "cannot be set together"],
  ["three places", { REDIS_CLUSTER: "b", REDIS_SENTINELS: "a" }, "cannot be set together"],
  ["a URL as a sentinel", { REDIS_SENTINELS: "redis://a:1" }, "must be host:port"],
  ["an empty node", { REDIS_SENTINELS: "a:1,,b:2" }, "must be host:port"],
  ["port 0", { REDIS_CLUSTER: "a:0" }, "must be host:port"],
  ["port 65536", { REDIS_CLUSTER: "a:65536" }, "must be host:port"],
  ["IPv6 without brackets", { REDIS_CLUSTER: "::1:6379" }, "must be host:port"],
  ["a name of no sentinel", { REDIS_SENTINEL_NAME: "m" }, "needs REDIS_SENTINELS"],
  ["a password of no sentinel", { REDIS_SENTINEL_PASSWORD: "p" }, "needs REDIS_SENTINELS"],
  ["a certificate alone", { REDIS_CLUSTER: "a", REDIS_TLS_CERT: "x" }, "need each other"],
  ["TLS on a plain URL", { REDIS_URL: "redis://h", REDIS_TLS: "on" }, "rediss://"],
  ["TLS off with a file", { REDIS_CLUSTER: "a", REDIS_TLS: "off", REDIS_TLS_CA: "x" }, "TLS=off"],
  ["a file that is not there", { REDIS_CLUSTER: "a", REDIS_TLS_CA: "none" }, "ENOENT"],
  ["a file that is no PEM", { REDIS_CLUSTER: "a", REDIS_TLS_CA: "/etc/hostname" }, "not a PEM"],
])("%s is refused by name, without its value", (_what, env, reason) => {
  const { redis, problems } = parsed(env);
  expect(redis).toBeNull();
  expect(problems.join("\n")).toContain(reason);
});
