import { CommandOutcome, type WorkerCommand } from "@flotilla/contracts";
import { AppError, type Clock } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { SessionStore } from "@flotilla/session-store";
import { classify } from "@flotilla/telegram";
import type { Account } from "./account/account.ts";
import type { ProxySetting } from "./account/proxy-setting.ts";
import type { LoginService } from "./login/login-service.ts";
import type { Relay } from "./relay/relay.ts";
import { isRelayCommand, performRelay } from "./relay/relay-commands.ts";
import type { Standby } from "./session/standby.ts";

export interface CommandDeps {
  readonly store: Pick<SessionStore, "commands">;
  readonly account: Account;
  readonly logins: LoginService;
  readonly relay: Relay;
  readonly proxy: ProxySetting;
  readonly standby: Pick<Standby, "set">;
  /**
   * Makes a verified copy of the session and returns the text for the card. Throws AppError of the
   * vault.
   */
  readonly backup: () => string;
  /** The same when the session changed since its newest copy; the text says whether it did. */
  readonly copy: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Kept in place of a login's outcome, which holds secrets. */
const LOGIN_BEFORE = {
  kind: "failed",
  code: "again",
  message: "This step of the login was carried out before.",
} as const;

/**
 * Carries out one command and returns its outcome. A redelivered command, also after a restart, is
 * answered with its kept outcome (field fault A8); commands that only read run again. Never
 * rejects: a failure is an outcome.
 */
export async function carryOut(deps: CommandDeps, command: WorkerCommand): Promise<CommandOutcome> {
  const { store, log } = deps;
  try {
    const before = store.commands.outcomeOf(command.id);
    if (before !== null) {
      log.warn(
        { command: command.kind, id: command.id },
        "redelivered command: answered with its kept outcome",
      );
      return CommandOutcome.parse(JSON.parse(before));
    }
  } catch (error) {
    return failed(deps, command, error);
  }
  const outcome = await perform(deps, command);
  const kept = outcome.kind === "login" ? LOGIN_BEFORE : outcome;
  try {
    // Writing down a copy would change the session that was copied.
    const isKept = kept.kind === "done" || kept.kind === "failed";
    if (isKept && command.kind !== "copy") store.commands.add(command.id, JSON.stringify(kept));
  } catch (error) {
    log.warn({ command: command.kind, err: error }, "the outcome of a command could not be kept");
  }
  return outcome;
}

async function perform(deps: CommandDeps, command: WorkerCommand): Promise<CommandOutcome> {
  if (deps.clock.now() > command.deadlineAt) return { kind: "expired" };
  try {
    if (isRelayCommand(command)) return await performRelay(deps.relay, command);
    if (command.kind === "backup") return { kind: "done", text: deps.backup() };
    if (command.kind === "copy") return { kind: "done", text: deps.copy() };
    if (command.kind === "resume-sending") {
      deps.account.resumeSending();
      return { kind: "done" };
    }
    if (command.kind === "proxy") {
      deps.proxy.change(command.sealed);
      // Not awaited: the worker's state reports whether the new proxy works.
      void deps.account.reconnect();
      return { kind: "done" };
    }
    if (command.kind === "float") {
      await deps.standby.set(command.on);
      return { kind: "done" };
    }
    if (command.kind === "devices")
      return { kind: "devices", devices: [...(await deps.account.devices())] };
    if (command.kind === "logout") return await logOut(deps);
    if (command.kind !== "check") return await deps.logins.perform(command);
    await deps.account.check();
    return { kind: "done" };
  } catch (error) {
    return failed(deps, command, error);
  }
}

function failed({ log }: CommandDeps, { kind }: WorkerCommand, error: unknown): CommandOutcome {
  log.warn({ command: kind, err: error }, "command failed");
  const { code, message } = error instanceof AppError ? error : classify(error);
  return { kind: "failed", code, message };
}

/** Makes a verified copy first (invariant 4), although it cannot restore this login. */
async function logOut({ account, backup }: CommandDeps): Promise<CommandOutcome> {
  if (!account.connected)
    throw new AppError("not-connected", "There is no connection to Telegram at the moment.");
  backup();
  await account.logOut();
  return { kind: "done" };
}
