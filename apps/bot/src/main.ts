import { parseConfig, readProcessEnv } from "@flotilla/config";
import { CLASS_ICONS } from "@flotilla/domain";
import { AppError } from "@flotilla/kernel";
import { createLogger, runService } from "@flotilla/observability";
import { startBot } from "./compose.ts";

await runService("bot", async () => {
  const config = parseConfig(readProcessEnv(), { cwd: process.cwd(), role: "fleet" });
  if (!config.redisUrl) throw new AppError("bad-config", "REDIS_URL is not set: the bot needs the Redis of the fleet.");
  const log = createLogger({ name: "bot", level: config.logLevel, icons: CLASS_ICONS });
  const bot = await startBot(config, log);
  process.on("message", (message) => bot.hear(message));
  // Listening must not keep a process alive that is done.
  process.channel?.unref();
  return { log, ready: { healthPort: bot.healthPort, username: bot.username }, close: () => bot.close() };
});
