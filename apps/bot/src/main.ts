import { parseConfig, readEnv } from "@flotilla/config";
import { CLASS_ICONS } from "@flotilla/contracts";
import { AppError } from "@flotilla/kernel";
import { createLogger, runService } from "@flotilla/observability";
import { startBot } from "./compose.ts";

await runService("bot", async () => {
  const cwd = process.cwd();
  const config = parseConfig(readEnv(cwd), { cwd, role: "fleet" });
  if (!config.redisUrl)
    throw new AppError(
      "bad-config",
      "REDIS_URL is not set: the bot needs the Redis of the fleet. Set it in .env.",
    );
  const log = createLogger({ name: "bot", level: config.logLevel, icons: CLASS_ICONS });
  const bot = await startBot(config, log);
  process.on("message", (message) => bot.hear(message));
  // Listening must not keep a process alive that is done.
  process.channel?.unref();
  void bot.introduced.then(
    (username) => process.connected && process.send?.({ kind: "introduced", username }),
  );
  const ready = { healthPort: bot.healthPort, username: bot.username ?? "", way: bot.way };
  return { log, ready, failed: bot.failed, close: () => bot.close() };
});
