/** Redis over TLS with an authority of one's own, and clients that must show a certificate. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RedisAddress } from "@flotilla/kernel";
import { checkRedis } from "@flotilla/queue";
import { freePort, startRedis, testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";

const hasOpenssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** Makes an authority, and certificates that it signed: PEM texts by name. */
async function certificates(): Promise<{
  readonly dir: string;
  readonly pem: (name: string) => string;
}> {
  const dir = await testDir();
  const openssl = (...args: string[]): void =>
    void execFileSync("openssl", args, { cwd: dir, stdio: "ignore" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca");
  writeFileSync(join(dir, "san"), "subjectAltName=IP:127.0.0.1");
  for (const name of ["server", "client"]) {
    openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "san"];
    openssl("x509", "-req", "-in", `${name}.csr`, ...signed, "-out", `${name}.crt`);
  }
  return { dir, pem: (name) => readFileSync(join(dir, name), "utf8") };
}

test.skipIf(!hasOpenssl)(
  "takes its own authority and a client certificate, and nothing less",
  async () => {
    const { dir, pem } = await certificates();
    const port = await freePort();
    await using _redis = await startRedis({
      config: {
        "tls-port": String(port),
        "tls-cert-file": join(dir, "server.crt"),
        "tls-key-file": join(dir, "server.key"),
        "tls-ca-cert-file": join(dir, "ca.crt"),
        "tls-auth-clients": "yes",
      },
    });
    const url = `rediss://127.0.0.1:${port}`;
    const at = (tls: Extract<RedisAddress, { kind: "server" }>["tls"]): RedisAddress => ({
      kind: "server",
      url,
      tls,
    });
    const own = { ca: pem("ca.crt"), cert: pem("client.crt"), key: pem("client.key") };
    expect((await checkRedis(at(own))).version).toMatch(/^\d/);
    await expect(checkRedis(url)).rejects.toMatchObject({ code: "redis-unreachable" });
    await expect(checkRedis(at({ ca: own.ca }))).rejects.toMatchObject({
      code: "redis-unreachable",
    });
  },
);
