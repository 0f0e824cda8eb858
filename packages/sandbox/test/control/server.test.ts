import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startControl, TOKEN } from "./harness.ts";

const MAIN = new URL("../../src/main.ts", import.meta.url);

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "sandbox-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A request with headers that fetch does not let through. */
async function status(
  url: string,
  headers: Record<string, string>,
  method = "POST",
): Promise<number> {
  const sent = request(url, { method, headers });
  sent.end();
  const [response] = (await once(sent, "response")) as [{ statusCode: number; resume(): void }];
  response.resume();
  return response.statusCode;
}

test("other web sites are kept out: foreign Host, foreign Origin", async () => {
  await using control = await startControl();
  const url = `${control.sandbox.url}/control/chat/start`;
  expect(await status(url, { host: "evil.example" })).toBe(403);
  expect(await status(url, { host: `127.0.0.1.evil.example:${control.sandbox.port}` })).toBe(403);
  expect(await status(url, { origin: "https://evil.example" })).toBe(403);
  expect(await status(url, { "sec-fetch-site": "cross-site" })).toBe(403);
  expect((await control.get("/chat/messages")).body).toEqual([]);
  expect(await status(url, { origin: control.sandbox.url })).toBe(200);
  expect(await status(url, { host: `localhost:${control.sandbox.port}` })).toBe(200);
});

test("the page is served with a strict policy, and nothing outside its folder", async () => {
  await using control = await startControl();
  const page = await fetch(control.sandbox.url);
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  const html = await page.text();
  const files = [...html.matchAll(/(?:src|href)="(\/page\/[^"#]+)/g)].map(
    (match) => match[1] ?? "",
  );
  expect(files.length).toBeGreaterThan(5);
  for (const file of new Set(files))
    expect((await fetch(control.sandbox.url + file)).status, file).toBe(200);
  for (const file of ["/page/types.d.ts", "/page/..%2Fserver.ts", "/page/tsconfig.json"])
    expect((await fetch(control.sandbox.url + file)).status).toBe(404);
});

test("a state file keeps the chat, the files and the update ids", async () => {
  const stateFile = join(await folder(), "state", "sandbox.json");
  let lastId = 0;
  {
    await using control = await startControl({ stateFile });
    await control.post("/accounts", { phone: "4915550000001" });
    await control.post("/chat/start");
    lastId = (await control.bot("getUpdates")).result[0].update_id;
    await control.bot("sendMessage", { chat_id: 777, text: "remember me" });
  }
  await using again = await startControl({ stateFile });
  expect((await again.get("/chat/messages")).body).toMatchObject([
    { text: "/start" },
    { text: "remember me", id: 2 },
  ]);
  expect((await again.get("/accounts")).body).toHaveLength(1);
  await again.post("/chat/text", { text: "next" });
  expect((await again.bot("getUpdates", { offset: lastId + 1 })).result).toMatchObject([
    { update_id: lastId + 1, message: { message_id: 3 } },
  ]);
});

test("events: a stream starts with chat and world, then tells what happens", async () => {
  await using control = await startControl();
  const stream = await fetch(`${control.sandbox.url}/control/events`);
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  const readUntil = async (mark: string): Promise<void> => {
    while (!seen.includes(mark)) seen += (await reader?.read())?.value ?? "";
  };
  await readUntil("event: world");
  expect(seen).toMatch(/^event: chat\ndata: \{"bot"/);
  await control.post("/chat/start");
  await readUntil("event: message");
  await readUntil('"text":"/start"');
  await control.post("/accounts", { phone: "4915550000001", firstName: "Ben" });
  await readUntil('"firstName":"Ben"');
  await reader?.cancel();
});

test("main.ts says what belongs into .env, and ends when its parent goes", async () => {
  const keyFile = join(await folder(), "key.pem");
  const child = fork(MAIN, ["--bot-token", TOKEN, "--key-file", keyFile, "--admin-id", "777"], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [ready] = (await once(child, "message")) as [
    { kind: string; url: string; mtprotoPort: number; env: Record<string, string> },
  ];
  expect(ready).toMatchObject({
    kind: "ready",
    env: {
      BOT_API_ROOT: ready.url,
      MTPROTO_DC: `127.0.0.1:${ready.mtprotoPort}`,
      MTPROTO_DC_KEY: keyFile,
      ADMIN_IDS: "777",
    },
  });
  expect(await readFile(keyFile, "utf8")).toMatch(/^-----BEGIN RSA PUBLIC KEY-----/);
  expect((await fetch(`${ready.url}/control/clock`)).status).toBe(200);
  const exited = once(child, "exit");
  child.disconnect();
  expect(await exited).toEqual([0, null]);
});

test("a port that is taken: one clear sentence and exit code 1", async () => {
  await using control = await startControl();
  const child = fork(MAIN, ["--port", String(control.sandbox.port)], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stderr?.on("data", (chunk) => {
    said += chunk;
  });
  expect(await once(child, "exit")).toEqual([1, null]);
  expect(said).toBe(
    `Port ${control.sandbox.port} is taken by another program. Stop it, or choose another port.\n`,
  );
});
