import { toError } from "@flotilla/kernel";
import { BotBackend } from "./botapi/backend.ts";
import { type LocalTelegram, startTelegram, type TlSchema } from "./mtproto/index.ts";
import type { WorldApi } from "./mtproto/world-api.ts";
import { portTaken, startHttp } from "./server.ts";
import { StateFile } from "./state-file.ts";
import { MovableClock } from "./world/clock.ts";

export type { LocalTelegram } from "./mtproto/index.ts";
export { type MtProxy, type MtProxyOptions, startMtProxy } from "./mtproto/mtproxy.ts";
export type { MovableClock } from "./world/clock.ts";
export type * from "./world/views.ts";

/** Options of {@link startSandbox}. */
export interface SandboxOptions {
  /** HTTP port of Bot API, control API and page; 0 or absent = any free one. */
  port?: number;
  host?: "127.0.0.1";
  /**
   * Keeps chats, updates and files over restarts (and `<stateFile>.mtproto` the accounts); absent =
   * all in memory.
   */
  stateFile?: string;
  /** TCP ports of data centres; 0 or absent = any free one. */
  dcPorts?: Record<number, number>;
  /** Layers to speak besides the one of GramJS; a client of another layer gets the nearest. */
  schemas?: readonly TlSchema[];
  botToken: string;
  /** The user whose chat the page shows. */
  admin: { id: number; firstName: string; username?: string };
  log?: (line: string) => void;
}

/** A running local Telegram. `close` ends both halves and is safe to call twice. */
export interface Sandbox {
  /** `http://127.0.0.1:<port>`: the chat page, and below it `/control`. */
  url: string;
  /** Value for grammY's `apiRoot`. */
  botApiRoot: string;
  port: number;
  mtproto: {
    host: string;
    /** Port of DC 2. */
    port: number;
    /** PKCS#1 PEM. */
    publicKeyPem: string;
    dcPort(dc: number): number;
  };
  /**
   * The MTProto half itself: addresses of its data centres, key fingerprint, service notifications.
   */
  telegram: LocalTelegram;
  world: WorldApi;
  clock: MovableClock;
  close(): Promise<void>;
}

/**
 * Starts Bot API, control API, chat page and MTProto data centres on loopback. Throws AppError
 * `port-taken` and the like.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const host = options.host ?? "127.0.0.1";
  const clock = new MovableClock();
  const log = options.log ?? (() => {});
  await using stack = new AsyncDisposableStack();
  const telegram = await startTelegramHalf(options, clock);
  stack.defer(() => telegram.close());
  const { world } = telegram;
  const backend = new BotBackend({ botToken: options.botToken, clock, world, log });
  world.bot.introduce(backend.bot);
  if (options.stateFile !== undefined) {
    const file = new StateFile(options.stateFile, backend);
    await file.open();
    stack.defer(() => file.close());
  }
  const { admin } = options;
  const adminUser = {
    id: admin.id,
    firstName: admin.firstName,
    lastName: "",
    username: admin.username ?? null,
  };
  const http = await startHttp({
    host,
    port: options.port ?? 0,
    backend,
    world,
    clock,
    admin: adminUser,
  });
  stack.defer(() => http.close());
  const owned = stack.move();
  const { publicKeyPem } = telegram;
  const mtproto = {
    host,
    port: telegram.port(2),
    publicKeyPem,
    dcPort: (dc: number) => telegram.port(dc),
  };
  return {
    url: http.url,
    botApiRoot: http.url,
    port: http.port,
    mtproto,
    telegram,
    world,
    clock,
    close: () => owned.disposeAsync(),
  };
}

async function startTelegramHalf(
  options: SandboxOptions,
  clock: MovableClock,
): Promise<LocalTelegram> {
  try {
    return await startTelegram({
      clock,
      host: options.host ?? "127.0.0.1",
      ...(options.dcPorts === undefined ? {} : { ports: options.dcPorts }),
      ...(options.stateFile === undefined ? {} : { stateFile: `${options.stateFile}.mtproto` }),
      ...(options.schemas === undefined ? {} : { schemas: options.schemas }),
      ...(options.log === undefined ? {} : { log: options.log }),
    });
  } catch (thrown) {
    const error = toError(thrown) as NodeJS.ErrnoException & { port?: number };
    if (error.code === "EADDRINUSE") throw portTaken(error.port ?? 0, error);
    throw error;
  }
}
