/**
 * A host with IPv6 alone, or with both: the health page answers on each loopback address that there
 * is.
 */
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createRegistry, startHealth } from "@flotilla/observability";
import { expect, onTestFinished, test } from "vitest";

const run = promisify(execFile);
const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === "::1"),
);
const health = (port = 0) => startHealth({ port, registry: createRegistry(), problems: () => [] });

test.skipIf(!hasIpv6)("both loopback addresses answer on one port", async () => {
  const { port, close } = await health();
  onTestFinished(close);
  for (const host of ["127.0.0.1", "[::1]"])
    expect(await (await fetch(`http://${host}:${port}/livez`)).text(), host).toBe("alive\n");
});

test.skipIf(!hasIpv6)(
  "a port that another program has on ::1 alone is said, and nothing is left listening",
  async () => {
    const other = createServer().listen(0, "::1");
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    await expect(health(port)).rejects.toMatchObject({
      code: "port-taken",
      message: expect.stringContaining(`${port} on ::1`),
    });
    const again = createServer().listen(port, "127.0.0.1");
    onTestFinished(() => void again.close());
    await new Promise((resolve, reject) => again.once("listening", resolve).once("error", reject));
  },
);

/**
 * Runs the fixture where the loopback has only this address; null where such a place cannot be
 * made.
 */
async function where(setUp: string): Promise<string | null> {
  const fixture = fileURLToPath(new URL("fixtures/health-on-loopback.ts", import.meta.url));
  const shell = `ip link set lo up && ${setUp} && exec "$0" "$1"`;
  const made = await run("unshare", ["-rn", "sh", "-c", `ip link set lo up && ${setUp}`]).catch(
    () => null,
  );
  return (
    made && (await run("unshare", ["-rn", "sh", "-c", shell, process.execPath, fixture])).stdout
  );
}

test.for([
  ["IPv6", "ip addr del 127.0.0.1/8 dev lo", "[::1] alive, 127.0.0.1 none"],
  ["IPv4", "ip addr del ::1/128 dev lo", "[::1] none, 127.0.0.1 alive"],
] as const)(
  "on a host with %s alone it starts, and answers there",
  async ([, setUp, answers], { skip }) => {
    const said = await where(setUp);
    if (said === null) return skip("a network namespace is not permitted here");
    expect(said.trim()).toBe(answers);
  },
);
