import { parseArgs } from "node:util";
import { AppError, toError } from "@flotilla/kernel";
import { up } from "./up.ts";

const USAGE = "Usage: flotilla up    start everything and stay (the same as npm start)\n";

// Everything was released by now; a socket that a library closes late must not keep the terminal.
process.exit(await main());

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
