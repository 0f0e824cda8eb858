import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { childEnv } from "@flotilla/config";
import { isAlive } from "@flotilla/testkit";
import { child, type Keeper, run, signal, soon } from "./keeper.ts";

const PM2 = "pm2@7.0.4";
const SUPERVISORD = "/usr/bin/supervisord";

/** The program that the peers keep: a Node process that does nothing. */
function app(dir: string): string {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "kept-app.js");
  writeFileSync(file, "setInterval(() => {}, 1000);\n");
  return file;
}

/** PM2, installed into the folder of this run; null when npm fails. */
export async function pm2(dir: string, skip: (reason: string) => void): Promise<Keeper | null> {
  const file = app(dir);
  const env = { ...childEnv({}), HOME: dir, PM2_HOME: join(dir, "home") };
  try {
    await run(
      "npm",
      ["install", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts", PM2],
      { ...process.env },
      dir,
    );
  } catch {
    skip(`${PM2}: npm could not install it.`);
    return null;
  }
  const call = (...args: string[]): Promise<string> =>
    run(process.execPath, [join(dir, "node_modules/pm2/bin/pm2"), ...args], env, dir);
  await call("start", file, "--name", "kept", "--interpreter", process.execPath);
  const keeper = (): number => Number(readFileSync(join(dir, "home/pm2.pid"), "utf8"));
  const kept = (): number | null => child(keeper(), "kept-app.js");
  await soon(kept, "the app of PM2");
  await call("save");
  return {
    name: PM2,
    get keeper() {
      return keeper();
    },
    kept,
    again: async () => {
      await call("resurrect");
      await soon(kept, "the app of PM2");
    },
    [Symbol.asyncDispose]: async () => void (await call("kill")),
  };
}

/** supervisord; null when this machine does not have it. */
export async function supervisord(
  dir: string,
  skip: (reason: string) => void,
): Promise<Keeper | null> {
  if (!existsSync(SUPERVISORD)) {
    skip("supervisord: not on this machine (Debian: apt-get install supervisor).");
    return null;
  }
  const file = app(dir);
  const config = join(dir, "supervisord.conf");
  writeFileSync(
    config,
    [
      "[supervisord]",
      "nodaemon=true",
      `logfile=${dir}/log`,
      `pidfile=${dir}/pid`,
      "[program:kept]",
      `command=${process.execPath} ${file}`,
      "startsecs=0",
      "autorestart=true\n",
    ].join("\n"),
  );
  const start = (): number => spawn(SUPERVISORD, ["-c", config], { stdio: "ignore" }).pid ?? 0;
  let keeper = start();
  const kept = (): number | null => child(keeper, "kept-app.js");
  await soon(kept, "the app of supervisord");
  return {
    name: "supervisord",
    get keeper() {
      return keeper;
    },
    kept,
    again: async () => {
      keeper = start();
      await soon(kept, "the app of supervisord");
    },
    [Symbol.asyncDispose]: async () => {
      signal(keeper, "SIGTERM");
      await soon(() => !isAlive(keeper), "the end of supervisord");
    },
  };
}
