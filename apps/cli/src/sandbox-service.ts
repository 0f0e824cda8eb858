import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { childEnv, ENV, type EnvValues, wantsSandbox } from "@flotilla/config";
import { AppError, makeFolder } from "@flotilla/kernel";
import { type ServiceProcess, startService } from "./service-process.ts";

/** A running sandbox, and the settings that point a fleet at it. */
export interface SandboxPlace {
  readonly service: ServiceProcess;
  /** Address of the chat page, without a slash at the end. */
  readonly url: string;
  readonly values: EnvValues;
}

/**
 * Absolute path of the data folder. The sandbox uses a subfolder, so that it never touches real
 * sessions.
 */
export function dataDirOf(env: EnvValues, cwd: string): string {
  const dir = resolve(cwd, env.DATA_DIR ?? ENV.DATA_DIR.example);
  return wantsSandbox(env) ? join(dir, "sandbox") : dir;
}

const ADMIN = { id: "1001", name: "Ann" };

/** Starts the sandbox with its state in the data folder. */
export async function startSandboxService(
  env: EnvValues,
  dataDir: string,
  logDir: string,
): Promise<SandboxPlace> {
  const dir = join(dataDir, "telegram");
  makeFolder(dir, 0o700);
  const keyFile = join(dir, "dc-key.pem");
  const token = demoToken(dir);
  const port = env.SANDBOX_PORT ?? ENV.SANDBOX_PORT.example;
  const args = ["--port", port, "--state-file", join(dir, "state.json"), "--key-file", keyFile];
  args.push("--bot-token", token, "--admin-id", ADMIN.id, "--admin-name", ADMIN.name);
  const file = fileURLToPath(import.meta.resolve("@flotilla/sandbox/main"));
  const service = await startService({
    name: "sandbox",
    file,
    args,
    env: childEnv({}),
    logDir,
  }).catch((error: unknown) => {
    throw portTaken(error)
      ? new AppError(
          "port-taken",
          `Port ${port} on 127.0.0.1 is in use. Stop the program that has it, or set SANDBOX_PORT to ` +
            "another port (0 = any free one).",
        )
      : error;
  });
  const url = service.said("url");
  const values = {
    BOT_TOKEN: token,
    API_ID: "1",
    API_HASH: "0".repeat(32),
    ADMIN_IDS: ADMIN.id,
    BOT_API_ROOT: url,
    MTPROTO_DC: `127.0.0.1:${service.said("mtprotoPort")}`,
    MTPROTO_DC_KEY: keyFile,
    // The sandbox needs no pause between two starts.
    START_SPACING_S: "0",
    // The page ends sessions on purpose: a short confirmation time is enough.
    CONFIRM_END_S: "6",
    // The user watches the page: alerts need no hold time.
    ALERT_HOLD_S: "0",
    // Nothing is lost with it, and its archive always lies on the disk of its sessions.
    BACKUP_EVERY_H: env.BACKUP_EVERY_H ?? "0",
  };
  return { service, url, values };
}

function portTaken(error: unknown): boolean {
  return error instanceof AppError && error.details["code"] === "port-taken";
}

/** The demo bot's token: created once, so that the chat stays after a restart. */
function demoToken(dir: string): string {
  const path = join(dir, "bot-token");
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    const token = `700000001:${randomBytes(27).toString("base64url")}`;
    writeFileSync(path, `${token}\n`, { mode: 0o600 });
    return token;
  }
}
