import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { holdDataDir } from "@flotilla/archive";
import {
  badConfig,
  type Config,
  childEnv,
  type EnvValues,
  findFleetKeys,
  hasRedis,
  loadFleetKey,
  parseConfig,
  readEnv,
  redisProgram,
  ruleProblems,
  Secret,
  wantsSandbox,
} from "@flotilla/config";
import { AppError, makeFolder, Output } from "@flotilla/kernel";
import { unboundWarning } from "@flotilla/os";
import { checkRedis, startEmbeddedRedis } from "@flotilla/queue";
import { assertOwnerDir, fittingFleetKey } from "@flotilla/session-store";
import { fileSystemOf } from "@flotilla/sqlite";
import { seedDemo, startDemoWorkers } from "./demo.ts";
import { KeptService } from "./kept-service.ts";
import { dataDirOf, type SandboxPlace, startSandboxService } from "./sandbox-service.ts";
import { type ServiceProcess, startService } from "./service-process.ts";

/** Free disk space that a start needs: with less, databases fail while they work. */
const MIN_FREE_BYTES = 64 * 1024 * 1024;
const SUPERVISOR_GRACE_MS = 20_000;
const GRACE_MS = 5000;

/**
 * Starts everything on this machine, prints the address of the chat, and stays until SIGINT,
 * SIGTERM or SIGHUP; then ends everything in reverse order, at once after a second signal. Restarts
 * bot and supervisor when they die. Throws AppError with one sentence and its remedy, after it
 * ended what it had started.
 */
export async function up(cwd: string): Promise<void> {
  const signals = catchSignals();
  await using stack = new AsyncDisposableStack();
  const starting = startAll(cwd, stack, signals.second);
  // Ended during the start: processes that are not on the stack yet are bound to this one and die
  // with it.
  starting.catch(() => {});
  const started = await Promise.race([starting, signals.first]);
  if (!started) return;
  words.write(started.text);
  const why = await Promise.race([signals.first, started.ended]);
  if (why !== undefined)
    throw new AppError(
      "service-ended",
      `The ${why}; everything else was stopped too. See ${started.logDir}.`,
    );
  words.write("\nStopping…\n");
}

interface Started {
  readonly text: string;
  readonly logDir: string;
  /** Resolves with a text when a process ended that cannot be restarted. */
  readonly ended: Promise<string>;
}

async function startAll(
  cwd: string,
  stack: AsyncDisposableStack,
  hurry: Promise<void>,
): Promise<Started> {
  const env = readEnv(cwd);
  const problems = ruleProblems(env);
  if (problems.length > 0) throw badConfig(problems);
  const dataDir = dataDirOf(env, cwd);
  prepareDataDir(dataDir);
  stack.use(holdDataDir(dataDir));
  const key = env.FLEET_KEY ? new Secret(env.FLEET_KEY) : null;
  fittingFleetKey(dataDir, () => loadFleetKey(key, dataDir), findFleetKeys(key, dataDir));
  assertOwnerDir(env.OWNER_DIR ?? null);
  const logDir = join(dataDir, "logs");
  const redis = hasRedis(env) ? {} : { REDIS_URL: await embeddedRedis(stack, dataDir) };
  const sandbox = wantsSandbox(env) ? await startSandboxService(env, dataDir, logDir) : null;
  if (sandbox) stack.adopt(sandbox.service, (it) => it.stop(GRACE_MS));
  const values = { ...env, ...sandbox?.values, ...redis, DATA_DIR: dataDir };
  const config = parseConfig(values, { cwd, role: "fleet" });
  const unbound = unboundWarning();
  for (const warning of [
    ...(unbound === null ? [] : [unbound]),
    ...(await checkRedis(config.redis?.reveal() ?? "")).warnings,
  ])
    say(`Warning: ${warning}`);
  const fresh = sandbox !== null && (await seedDemo(sandbox.url, config));
  let waits = false;
  let introduced: string | null = null;
  const onIntroduced = (username: string): void => {
    introduced = username;
    if (waits)
      words.write(
        readyText(config, { bot: bot.current, supervisor: supervisor.current, username }, sandbox),
      );
    waits = false;
  };
  const { bot, supervisor } = await startApps(stack, {
    config,
    values,
    logDir,
    hurry,
    onIntroduced,
  });
  if (fresh) await startDemoWorkers(config);
  const ended = sandbox ? sandbox.service.exited : new Promise<never>(() => {});
  // A standby may have become the bot while the supervisor started.
  const username = introduced ?? bot.current.said("username");
  waits = username === "";
  const ready = readyText(
    config,
    { bot: bot.current, supervisor: supervisor.current, username },
    sandbox,
  );
  return { text: waits ? waitingText(bot.current) : ready, logDir, ended };
}

/** What works and what does not while a service is down, for the terminal. */
const MEANWHILE = {
  bot: "the workers keep running, the chat does not answer.",
  supervisor: "all workers of this host are off Telegram, the chat still works.",
} as const;

interface AppsPlace {
  readonly config: Config;
  readonly values: EnvValues;
  readonly logDir: string;
  readonly hurry: Promise<void>;
  /** Called when the bot knows its username: it answers from then on. */
  readonly onIntroduced: (username: string) => void;
}

/**
 * Starts the bot, then the supervisor; reports a supervisor that keeps ending to the bot, for the
 * chat.
 */
async function startApps(
  stack: AsyncDisposableStack,
  { config, values, logDir, hurry, onIntroduced }: AppsPlace,
): Promise<{ readonly bot: KeptService; readonly supervisor: KeptService }> {
  let down: string | null = null;
  let ended: string | null = null;
  const tellBot = (): void => bot.current.say({ kind: "supervisor", down, ended });
  const keep = async (
    app: "bot" | "supervisor",
    port: number,
    graceMs: number,
  ): Promise<KeptService> => {
    const file = fileURLToPath(new URL(`../../${app}/src/main.ts`, import.meta.url));
    const hear = (message: Readonly<Record<string, unknown>>): void => {
      if (message["kind"] === "introduced") onIntroduced(String(message["username"]));
    };
    const options = {
      name: app,
      file,
      env: { ...childEnv({ ...values, HTTP_PORT: String(port) }), FLOTILLA_KEPT_BY: "launcher" },
      logDir,
      hear,
    };
    const onDown = (how: string | null): void => {
      down = how;
      tellBot();
    };
    const setEnded = (how: string | null): void => {
      ended = how;
      tellBot();
    };
    const onStart = (): void => setEnded(null);
    const hears = app === "bot" ? { onStart: tellBot } : { onDown, onMissed: setEnded, onStart };
    const kept = await KeptService.start({
      start: () => startService(options),
      tell: say,
      meanwhile: MEANWHILE[app],
      ...hears,
    });
    void hurry.then(() => kept.kill());
    return stack.adopt(kept, (it) => it.stop(graceMs));
  };
  const bot = await keep("bot", config.httpPort, GRACE_MS);
  const supervisor = await keep(
    "supervisor",
    config.httpPort === 0 ? 0 : config.httpPort + 1,
    SUPERVISOR_GRACE_MS,
  );
  return { bot, supervisor };
}

const words = new Output(1);
const problems = new Output(2);

function say(line: string): void {
  problems.write(`${line}\n`);
}

/** Printed while the Bot API is away; workers need no Bot API and run (field fault C6). */
function waitingText(bot: ServiceProcess): string {
  const standby = bot.said("standby");
  if (standby !== "")
    return `Workers run. The bot of this host is a ${standby}.\nStop with Ctrl+C.\n`;
  return (
    `Workers run. The chat waits for the Bot API, which cannot be reached: ${bot.said("way")}. ` +
    `Asking every 5 s; check the network, BOT_API_ROOT and BOT_PROXY.\nStop with Ctrl+C.\n`
  );
}

interface Ready {
  readonly bot: ServiceProcess;
  readonly supervisor: ServiceProcess;
  readonly username: string;
}

function readyText(
  config: Config,
  { bot, supervisor, username }: Ready,
  sandbox: SandboxPlace | null,
): string {
  const health =
    `Health: http://127.0.0.1:${bot.said("healthPort")}/healthz (bot), ` +
    `http://127.0.0.1:${supervisor.said("healthPort")}/healthz (supervisor)\n`;
  const stop = `Logs: ${join(config.dataDir, "logs")}\nStop with Ctrl+C.\n`;
  if (sandbox) return `Flotilla is ready — open ${sandbox.url}/\n${health}${stop}`;
  return `Flotilla is ready — open https://t.me/${username} and press Start\n${health}${stop}`;
}

function catchSignals(): { readonly first: Promise<void>; readonly second: Promise<void> } {
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  let count = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      count += 1;
      if (count === 1) first.resolve();
      else second.resolve();
    });
  }
  // Without setpriv a child gets no signal when its parent is killed: poll the parent.
  const parent = process.ppid;
  const watch = setInterval(() => void (process.ppid !== parent && first.resolve()), 1000);
  watch.unref();
  return { first: first.promise, second: second.promise };
}

function prepareDataDir(dataDir: string): void {
  try {
    makeFolder(dataDir, 0o700);
    accessSync(dataDir, constants.W_OK);
    if (fileSystemOf(dataDir).freeBytes < MIN_FREE_BYTES) {
      throw new AppError(
        "disk-full",
        `The disk of ${dataDir} is full (less than 64 MB free). Make room, or set DATA_DIR to a ` +
          "folder on another disk.",
      );
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    const why = code === "ENOSPC" ? "the disk is full" : code;
    throw new AppError(
      "data-dir",
      `The data folder ${dataDir} cannot be used (${why}). Make it writable for this user, or ` +
        "set DATA_DIR to another folder.",
    );
  }
}

async function embeddedRedis(stack: AsyncDisposableStack, dataDir: string): Promise<string> {
  const program = redisProgram();
  if (!program)
    throw new AppError(
      "no-redis",
      "No Redis was found. Install redis-server, or set REDIS_URL in .env, and start again.",
    );
  const redis = await startEmbeddedRedis({
    program,
    dir: join(dataDir, "redis"),
    env: childEnv({}),
  });
  stack.adopt(redis, (it) => it.stop());
  return redis.url;
}
