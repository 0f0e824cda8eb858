// expect: lint/style/noProcessEnv
export const token = process.env.BOT_TOKEN;
