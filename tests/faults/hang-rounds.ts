import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Route } from "@flotilla/contracts";
import { sleep } from "@flotilla/kernel";
import { askBot } from "@flotilla/queue";
import { spawnNode, testDir, waitFor } from "@flotilla/testkit";
import type { MovedClock } from "./moved-clock.ts";
import { READERS, type RelayRig, SENDERS } from "./relay-rig.ts";

const WORKER = fileURLToPath(new URL("../../apps/worker/src/main.ts", import.meta.url));

/** The parts of the machine that a fault can change. */
export interface HangPlace {
  readonly clock: MovedClock;
  /** The fleet's temporary folder, on a small separate disk. */
  readonly temp: string;
}

/** One fault that looks like a death but is a hang. */
export interface HangRound {
  /**
   * Plays the fault; resolves when it is over. `traffic` posts a few messages; call it during the
   * fault.
   */
  readonly play: (rig: RelayRig, traffic: () => Promise<void>, place: HangPlace) => Promise<void>;
  /** The alert in the chat; null when the fault has no effect and needs none. */
  readonly named: RegExp | null;
  /** False when this process lacks the rights, such as root. */
  readonly canPlay?: () => boolean;
}

/** Fills the disk of the folder; returns a function that frees it. */
function fill(folder: string): () => void {
  const filler = `${folder}/filler`;
  const block = Buffer.alloc(64 * 1024, 1);
  try {
    for (;;) writeFileSync(filler, block, { flag: "a" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
  return () => rmSync(filler);
}

const isRoot = (): boolean => process.getuid?.() === 0;
const DAY_MS = 86_400_000;

/** The length of a fault, not a way to wait for something. */
const lasts = sleep;

/** Every fault by its name. */
export const HANG_ROUNDS = {
  "Redis is stopped and comes to itself": {
    named: /Redis/,
    play: async (rig, traffic) => {
      rig.redis.freeze();
      await traffic();
      await lasts(15_000);
      rig.redis.thaw();
    },
  },
  "one 401 for each account": {
    named: null,
    play: async (rig, traffic) => {
      for (const phone of rig.phones)
        await rig.fleet.post("faults/fail", {
          method: "*",
          code: 401,
          text: "AUTH_KEY_UNREGISTERED",
          times: 1,
          phone,
        });
      await traffic();
      await rig.fleet.post("faults/drop", { how: "rst" });
    },
  },
  "a job that a stranger wrote": {
    named: /Jobs were refused/,
    play: async (rig, traffic) => {
      const { prefix } = await rig.fleet.place();
      const worker = READERS[0];
      const routes = [
        { ...rig.routes[0], id: "stolen", to: { kind: "webhook", url: "http://127.0.0.1:9/" } },
      ];
      const payload = { v: 1, kind: "routes", worker, version: Number.MAX_SAFE_INTEGER, routes };
      const queue = `${prefix}:relay.${worker}`;
      const job = [
        "name",
        "routes",
        "data",
        JSON.stringify(payload),
        "opts",
        "{}",
        "timestamp",
        String(Date.now()),
      ];
      await rig.redis.command("HSET", `${queue}:stranger`, ...job, "delay", "0", "priority", "0");
      await rig.redis.command("LPUSH", `${queue}:wait`, "stranger");
      await rig.redis.command("ZADD", `${queue}:marker`, "0", "0");
      await traffic();
    },
  },
  "the key file is deleted": {
    named: /fleet\.key/,
    play: async (rig, traffic) => {
      const path = `${rig.fleet.dataDir}/fleet.key`;
      const before = readFileSync(path, "utf8").trim();
      rmSync(path);
      await traffic();
      await waitFor(() => existsSync(path) && readFileSync(path, "utf8").trim() === before, {
        what: "the key to be written back",
      });
    },
  },
  "a copy of the data folder starts a worker": {
    named: null,
    play: async (rig, traffic) => {
      const dir = await testDir("copy-");
      const skip = (path: string): boolean => !path.endsWith(".sock") && !path.includes("/logs");
      cpSync(rig.fleet.dataDir, `${dir}/data`, {
        recursive: true,
        preserveTimestamps: true,
        filter: skip,
      });
      const fleetKey = readFileSync(`${dir}/data/fleet.key`, "utf8").trim();
      const env = { ...rig.env(), DATA_DIR: `${dir}/data`, FLEET_KEY: fleetKey };
      const second = spawnNode(WORKER, ["--worker", READERS[1]], { env });
      await traffic();
      const { code } = await second.exited;
      const said = second.stdout + second.stderr;
      if (code !== 1 || !said.includes("in use on this machine by"))
        throw new Error(
          `the worker of the copy ended with ${code} and did not say who has the key: ${said.slice(-500)}`,
        );
    },
  },
  "a route from a discussion group to its channel": {
    named: /would come back|switched off/,
    play: async (rig, traffic) => {
      const [reader, sender] = [rig.phones[0] ?? "", rig.phones[READERS.length] ?? ""];
      const channel = (
        await rig.fleet.post<{ id: string }>("channels", { title: "Round", members: [sender] })
      ).id;
      const group = { title: "Talk", members: [sender, reader], discusses: channel };
      const talk = (await rig.fleet.post<{ id: string }>("channels", group)).id;
      const circle = Route.parse({
        id: "circle",
        from: { worker: READERS[0], chats: [`-100${talk}`] },
        to: { kind: "worker", worker: SENDERS[0], chat: `-100${channel}` },
      });
      const file = { version: 1 as const, routes: [...rig.routes, circle] };
      const answer = await askBot(
        await rig.fleet.place(),
        { v: 1, kind: "routes.apply", file },
        10_000,
      );
      if (answer.kind !== "applied")
        throw new Error(`the route was refused before it was known what it is: ${answer.kind}`);
      await rig.fleet.post(`channels/${channel}/messages`, { text: "round and round" });
      await traffic();
      const posts = async (): Promise<number> =>
        (await rig.fleet.get<unknown[]>(`accounts/${sender}/history?chat=${channel}`)).length;
      await rig.chat.shows(/would come back|switched off/);
      if ((await posts()) > 2) throw new Error(`one message went round ${await posts()} times`);
    },
  },
  "the disk of the logs alone is full": {
    named: /full[\s\S]*logs/i,
    canPlay: isRoot,
    play: async (rig, traffic) => {
      const free = fill(`${rig.fleet.dataDir}/logs`);
      await traffic();
      await lasts(5000);
      free();
    },
  },
  "the disk of the data is full": {
    named: /disk|space/i,
    canPlay: isRoot,
    play: async (rig, traffic) => {
      const free = fill(rig.fleet.dataDir);
      await traffic();
      await lasts(10_000);
      free();
    },
  },
  "the temporary folder alone is full": {
    named: null,
    canPlay: isRoot,
    play: async (_rig, traffic, { temp }) => {
      const free = fill(temp);
      await traffic();
      await lasts(5000);
      free();
    },
  },
  "the clock of the host is a day ahead, and set right": {
    named: /clock[\s\S]*\+86[34]\d\d s/,
    play: async (rig, traffic, { clock }) => {
      clock.set(DAY_MS);
      await traffic();
      await rig.chat.shows(/clock[\s\S]*\+86[34]\d\d s/);
      clock.set(0);
    },
  },
  "the clock of the host is a day behind, and set right": {
    named: /clock[\s\S]*-86[34]\d\d s/,
    play: async (rig, traffic, { clock }) => {
      clock.set(-DAY_MS);
      await traffic();
      await rig.chat.shows(/clock[\s\S]*-86[34]\d\d s/);
      clock.set(0);
    },
  },
  "every account gets a thousand posts at once": {
    named: null,
    play: async (rig, traffic) => {
      await traffic();
      await rig.burst(1000);
    },
  },
} satisfies Readonly<Record<string, HangRound>>;
