/**
 * A start without the Bot API: workers run, the launcher says what it waits for, and the chat
 * answers when the Bot API is back (field fault C6).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { childWith, freePort, startProxy, testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { launchFleet, startFleet } from "./support/fleet.ts";

test(
  "the launcher waits for an absent proxy and names it without its password; then every call " +
    "goes through it",
  async () => {
    const server = await startFleet();
    const sandbox = `${server.dataDir}/telegram`;
    const [, mtproto = ""] =
      /MTPROTO_DC=(\S+)/.exec(readFileSync(`${server.dataDir}/logs/sandbox.log`, "utf8")) ?? [];
    const dir = await testDir("fleet-");
    const port = await freePort();
    const lines = [
      `BOT_TOKEN=${readFileSync(`${sandbox}/bot-token`, "utf8").trim()}`,
      "API_ID=4242",
      "API_HASH=0123456789abcdef0123456789abcdef",
      "ADMIN_IDS=1001",
      `BOT_API_ROOT=${server.url}`,
      `BOT_PROXY=127.0.0.1:${port}:ann:s3cret`,
      `MTPROTO_DC=${mtproto}`,
      `MTPROTO_DC_KEY=${sandbox}/dc-key.pem`,
    ];
    writeFileSync(`${dir}/.env`, lines.join("\n"));
    const fleet = launchFleet(dir);
    await fleet.waitForOutput(
      `Workers run. The chat waits for the Bot API, which cannot be reached: ${server.url} ` +
        `through socks5://•••@127.0.0.1:${port}.`,
      60_000,
    );
    expect(await childWith(fleet.pid, "/supervisor/src/main.ts")).toBeGreaterThan(0);
    const proxy = await startProxy({ ann: "s3cret" }, port);
    await fleet.waitForOutput(
      /Flotilla is ready — open https:\/\/t\.me\/\S+ and press Start/,
      60_000,
    );
    expect(new Set(proxy.asked)).toEqual(new Set([new URL(server.url).host]));
    const log = readFileSync(`${dir}/data/logs/bot.log`, "utf8");
    expect(log).toContain("the Bot API cannot be reached yet");
    expect(fleet.stdout + fleet.stderr + log).not.toContain("s3cret");
    fleet.kill("SIGTERM");
    expect(await fleet.exited).toEqual({ code: 0, signal: null });
  },
);
