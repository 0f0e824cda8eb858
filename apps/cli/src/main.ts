import { parseArgs } from "node:util";
import { AppError, toError } from "@flotilla/kernel";
import { up } from "./up.ts";

const USAGE = "Usage: flotilla up    start everything and stay (the same as npm start)\n";

process.exitCode = await main();

async function main(): Promise<number> {
  const { positionals } = parseArgs({ allowPositionals: true, strict: false });
  if (positionals[0] !== "up") {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    await up(process.cwd());
    return 0;
  } catch (thrown) {
    const error = toError(thrown);
    process.stderr.write(`${error instanceof AppError ? error.message : (error.stack ?? error.message)}\n`);
    return 1;
  }
}
