import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Counter, createRegistry, startHealth } from "@flotilla/observability";
import { expect, onTestFinished, test } from "vitest";

async function served(
  problems: () => readonly string[],
): Promise<{ get: (path: string) => Promise<[number, string]>; port: number }> {
  const registry = createRegistry();
  new Counter({
    name: "flotilla_test_total",
    help: "A counter of the test.",
    registers: [registry],
  }).inc(3);
  const health = await startHealth({ port: 0, registry, problems });
  onTestFinished(() => health.close());
  return {
    port: health.port,
    get: async (path) => {
      const response = await fetch(`http://127.0.0.1:${health.port}${path}`);
      return [response.status, await response.text()];
    },
  };
}

test(
  "a healthy process answers 200, a troubled one 503 with a reason per line, as it is at " +
    "that moment",
  async () => {
    let problems: string[] = [];
    const { get } = await served(() => problems);
    expect(await get("/healthz")).toEqual([200, "ok\n"]);
    problems = ["Redis is away", "the Bot API cannot be reached"];
    expect(await get("/healthz?verbose")).toEqual([
      503,
      "Redis is away\nthe Bot API cannot be reached\n",
    ]);
    problems = [];
    expect(await get("/healthz")).toEqual([200, "ok\n"]);
  },
);

test("metrics hold Node's own and those of the process", async () => {
  const { get } = await served(() => []);
  const [status, text] = await get("/metrics");
  expect(status).toBe(200);
  expect(text).toContain("flotilla_test_total 3");
  expect(text).toContain("nodejs_eventloop_lag_seconds");
});

test("any other path says what there is", async () => {
  const { get } = await served(() => []);
  expect(await get("/")).toEqual([404, "not found: try /healthz, /livez or /metrics\n"]);
});

test("a look at the health that fails is a bad health, not a request without an end", async () => {
  const { get } = await served(() => {
    throw new Error("broken");
  });
  const [status] = await get("/healthz");
  expect(status).toBe(500);
});

test("a port that is taken is said in one sentence with the remedy", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await new Promise((resolve) => other.once("listening", resolve));
  const { port } = other.address() as AddressInfo;
  await expect(
    startHealth({ port, registry: createRegistry(), problems: () => [] }),
  ).rejects.toMatchObject({
    code: "port-taken",
    message: expect.stringMatching(
      new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is in use\\. .*HTTP_PORT`),
    ),
  });
});

test("closing ends it although a client keeps its connection open", async () => {
  const registry = createRegistry();
  const health = await startHealth({ port: 0, registry, problems: () => [] });
  const url = `http://127.0.0.1:${health.port}/healthz`;
  await (await fetch(url)).text();
  await health.close();
  await expect(fetch(url)).rejects.toThrow();
});
