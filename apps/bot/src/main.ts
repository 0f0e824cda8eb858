import { parseConfig, readEnv } from "@flotilla/config";
import { CLASS_ICONS, START_AGAIN_EXIT_CODE } from "@flotilla/contracts";
import { AppError, withoutUndefined } from "@flotilla/kernel";
import { createLogger, runService } from "@flotilla/observability";
import type { LeaseTimings } from "@flotilla/queue";
import { startBot } from "./compose.ts";

/** `--lease-ms 3000`: the time of the bot's lease; without it the usual one. */
function timingsOf(argv: readonly string[]): LeaseTimings | undefined {
  const at = argv.indexOf("--lease-ms");
  const ttlMs = at < 0 ? 0 : Number(argv[at + 1]);
  if (!(ttlMs > 0)) return undefined;
  return { ttlMs, actMs: ttlMs * 0.6, renewEveryMs: ttlMs * 0.2, firstAnswerMs: 1000 };
}

await runService("bot", async () => {
  const cwd = process.cwd();
  const env = readEnv(cwd);
  const config = parseConfig(env, { cwd, role: "fleet" });
  if (!config.redis)
    throw new AppError(
      "bad-config",
      "REDIS_URL is not set: the bot needs the Redis of the fleet. Set it in .env.",
    );
  const log = createLogger({ name: "bot", level: config.logLevel, icons: CLASS_ICONS });
  const bot = await startBot(
    config,
    env,
    log,
    withoutUndefined({ timings: timingsOf(process.argv) }),
  );
  void bot.ended.then(
    ({ why, isLost }) => {
      if (isLost !== true) return;
      log.error({ why }, `${why}: this process ends at once and comes back as a standby`);
      // A close would finish what is in hand, beside the bot that is active now.
      process.exit(START_AGAIN_EXIT_CODE);
    },
    () => {}, // runService says it.
  );
  process.on("message", (message) => bot.hear(message));
  // Listening must not keep a process alive that is done.
  process.channel?.unref();
  void bot.introduced.then(
    (username) => process.connected && process.send?.({ kind: "introduced", username }),
  );
  const ready = {
    healthPort: bot.healthPort,
    username: bot.username ?? "",
    way: bot.way,
    standby: bot.standby ?? "",
  };
  return { log, ready, ended: bot.ended, close: () => bot.close() };
});
