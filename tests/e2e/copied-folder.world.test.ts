import { cpSync, existsSync, readFileSync } from "node:fs";
import { isAlive, testDir, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { launchFleet, startFleet } from "./support/fleet.ts";

const read = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

test(
  "a data folder copied from a running fleet: the first fleet's workers keep running, the " +
    "second's refuse and name the holder",
  async () => {
    const first = await startFleet();
    const chat = new AdminChat(first);
    await chat.start();
    await chat.press("Workers");
    await chat.press("demo_1");
    const pid = Number(/pid (\d+)/.exec((await chat.shows(/Status: healthy/)).text)?.[1]);

    const dir = await testDir("copied-");
    cpSync(first.dataDir, `${dir}/data/sandbox`, {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => !path.endsWith(".sock") && !path.includes("/logs"),
    });
    const second = launchFleet(dir);
    await second.waitForOutput(/Flotilla is ready — open http:\S+/, 60_000);
    const logs = `${dir}/data/sandbox/logs`;
    await waitFor(() => read(`${logs}/demo_1.log`).includes("in use on this machine by") || null, {
      timeoutMs: 60_000,
    });
    expect(read(`${logs}/demo_1.log`)).toContain(`by pid ${pid}, `);
    expect(read(`${logs}/demo_1.log`)).toContain(`data folder ${first.dataDir}`);
    expect(isAlive(pid), "the first fleet's worker").toBe(true);
    const url = /open (http:\/\/127\.0\.0\.1:\d+)\//.exec(second.stdout)?.[1];
    const connections = (await (await fetch(`${url}/control/connections/log`)).json()) as unknown[];
    expect(connections, "connections of the second fleet's workers to Telegram").toEqual([]);
    expect(read(`${logs}/supervisor.log`), "nothing was cleaned up").not.toContain(
      "an earlier supervisor left behind",
    );
  },
);
