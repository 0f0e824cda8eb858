import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { childEnv } from "@flotilla/config";
import { START_AGAIN_EXIT_CODE } from "@flotilla/contracts";
import { type Answer, noMoreThan, type Verb } from "./verb.ts";

const USAGE = `Usage: flotilla bot
       flotilla bot --take-over [--own] [--yes] [--json]

Runs the bot alone, in the foreground, for a fleet whose workers have their supervisors elsewhere.
While another bot of the fleet is active, it waits as a standby.

With --take-over: makes this data folder the one of the fleet's bot, when the host of the former bot
is gone. It puts the last copy of control.db that is in Redis into DATA_DIR, and starts nothing. It
refuses while the former bot holds its lease. When that one comes back, it waits as a standby.

  --own   keep the control.db that is here, such as one that was restored from an archive
  --yes   do not ask
`;

const BOT = fileURLToPath(new URL("../../../bot/src/main.ts", import.meta.url));

export const botVerb: Verb = {
  name: "bot",
  usage: USAGE,
  options: {
    "take-over": { type: "boolean" },
    own: { type: "boolean" },
    yes: { type: "boolean" },
  },
  async run(call): Promise<Answer> {
    noMoreThan(call, 0);
    if (call.flags["take-over"] === true) {
      const { takeOver } = await import("./take-over.ts");
      return await takeOver(call);
    }
    return await runBot({ ...call.place.env, DATA_DIR: call.place.dataDir });
  },
};

/** Runs the bot until it ends or is ended; starts it again when it asks for that. */
async function runBot(env: Parameters<typeof childEnv>[0]): Promise<Answer> {
  for (;;) {
    const bot = spawn(process.execPath, [BOT], { env: childEnv(env), stdio: "inherit" });
    // Ctrl+C reaches the bot by itself: it is in the same terminal.
    const onStop = (): void => void bot.kill("SIGTERM");
    const onInterrupt = (): void => {};
    process.once("SIGTERM", onStop).on("SIGINT", onInterrupt);
    const [code] = (await once(bot, "exit")) as [number | null];
    process.off("SIGTERM", onStop).off("SIGINT", onInterrupt);
    if (code === START_AGAIN_EXIT_CODE) continue;
    return { exitCode: code === 0 ? 0 : 1, text: "", data: { exitCode: code } };
  }
}
