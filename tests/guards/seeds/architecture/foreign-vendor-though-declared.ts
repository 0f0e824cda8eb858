// as: apps/bot/src/seed.ts
// declares: telegram
// expect: telegram belongs to packages/telegram and packages/sandbox, not to apps/bot
import { TelegramClient } from "telegram";

export const seed = TelegramClient;
