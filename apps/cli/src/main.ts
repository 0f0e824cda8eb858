import { parseArgs } from "node:util";
import { AppError, Output, toError } from "@flotilla/kernel";
import { findVerb, runVerb, USAGE } from "./verbs/run.ts";

// All resources are released: a socket that a library closes late must not delay the exit.
process.exit(await main());

async function main(): Promise<number> {
  const [name, ...args] = process.argv.slice(2);
  const verb = await findVerb(name);
  if (verb) return await runVerb(verb, args);
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  return await start();
}

async function start(): Promise<number> {
  const { positionals } = parseArgs({ allowPositionals: true, strict: false });
  if (positionals[0] !== "up") {
    new Output(2).write(USAGE);
    return 2;
  }
  try {
    // Imported here: its libraries take half a second that other commands do not need.
    const { up } = await import("./up.ts");
    await up(process.cwd());
    return 0;
  } catch (thrown) {
    const error = toError(thrown);
    new Output(2).write(
      `${error instanceof AppError ? error.message : (error.stack ?? error.message)}\n`,
    );
    return 1;
  }
}
