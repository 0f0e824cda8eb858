import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { AppError, Output, toError } from "@flotilla/kernel";
import { type Sandbox, startSandbox } from "./index.ts";
import { readSchemaFile } from "./mtproto/tl/schema-file.ts";

const USAGE = `Usage: sandbox [options]
  --port <n>            HTTP port of page, Bot API and control API (default: any free one)
  --dc-port <dc>:<n>    TCP port of a data centre, may be repeated (default: any free one)
  --state-file <path>   keep chats over restarts (default: in memory)
  --key-file <path>     write the data centres' public key (PEM) here (default: sandbox-dc.pem)
  --schema <path>       speak one more layer: TL text with a line "// LAYER <n>", or mtcute's api-schema.json; may be
                        repeated
  --bot-token <token>   the bot's token (default: 7000000001:sandbox-token-not-a-secret-000000)
  --admin-id <n>        Telegram user id of the admin on the page (default: 1000000001)
  --admin-name <name>   first name of the admin (default: Ann)
  --admin-username <u>  user name of the admin (default: none)
`;

const problems = new Output(2);
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
if (process.send !== undefined) process.once("disconnect", () => stop.abort());
// The parent may have gone before anybody listened.
if (process.send !== undefined && !process.connected) stop.abort();

try {
  await main();
} catch (error) {
  const { message } = toError(error);
  process.send?.({
    kind: "failed",
    message,
    code: error instanceof AppError ? error.code : "unknown",
  });
  problems.write(`${message}\n`);
  process.exitCode = 1;
} finally {
  if (process.connected) process.disconnect();
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      "dc-port": { type: "string", multiple: true, default: [] },
      "state-file": { type: "string" },
      "key-file": { type: "string", default: "sandbox-dc.pem" },
      schema: { type: "string", multiple: true, default: [] },
      "bot-token": { type: "string", default: "7000000001:sandbox-token-not-a-secret-000000" },
      "admin-id": { type: "string", default: "1000000001" },
      "admin-name": { type: "string", default: "Ann" },
      "admin-username": { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(USAGE);
  const stateFile = values["state-file"];
  const username = values["admin-username"];
  const adminId = number(values["admin-id"], "--admin-id");
  const sandbox = await startSandbox({
    port: number(values.port, "--port"),
    dcPorts: dcPorts(values["dc-port"]),
    schemas: await Promise.all(values.schema.map((path) => readSchemaFile(resolve(path)))),
    botToken: values["bot-token"],
    admin: {
      id: adminId,
      firstName: values["admin-name"],
      ...(username === undefined ? {} : { username }),
    },
    ...(stateFile === undefined ? {} : { stateFile: resolve(stateFile) }),
    log: (line) => problems.write(`${line}\n`),
  });
  try {
    await announce(sandbox, {
      keyFile: resolve(values["key-file"]),
      botToken: values["bot-token"],
      adminId,
    });
    await stopped();
  } finally {
    await sandbox.close();
  }
}

interface Announcement {
  keyFile: string;
  botToken: string;
  adminId: number;
}

/** Writes the key, prints what goes into .env, and tells a parent process. */
async function announce(
  sandbox: Sandbox,
  { keyFile, botToken, adminId }: Announcement,
): Promise<void> {
  const { host, port, publicKeyPem } = sandbox.mtproto;
  await mkdir(dirname(keyFile), { recursive: true });
  await writeFile(keyFile, publicKeyPem);
  const env = {
    BOT_API_ROOT: sandbox.botApiRoot,
    MTPROTO_DC: `${host}:${port}`,
    MTPROTO_DC_KEY: keyFile,
    BOT_TOKEN: botToken,
    ADMIN_IDS: String(adminId),
  };
  const pairs = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  new Output(1).write(`Sandbox is ready: ${sandbox.url}/ ${pairs.join(" ")}\n`);
  process.send?.({
    kind: "ready",
    url: sandbox.url,
    port: sandbox.port,
    mtprotoPort: port,
    publicKeyPem,
    keyFile,
    env,
  });
}

function stopped(): Promise<void> {
  const { promise, resolve: done } = Promise.withResolvers<void>();
  if (stop.signal.aborted) done();
  else stop.signal.addEventListener("abort", () => done(), { once: true });
  return promise;
}

function number(text: string, option: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`${option} must be a whole number, not "${text}".`);
}

function dcPorts(given: string[]): Record<number, number> {
  return Object.fromEntries(
    given.map((each) => {
      const match = /^([1-5]):([0-9]{1,5})$/.exec(each);
      if (match === null) throw new RangeError(`--dc-port looks like 2:4430, not "${each}".`);
      return [Number(match[1]), Number(match[2])];
    }),
  );
}
