import { CommandOutcome, type WorkerCommand } from "@flotilla/contracts";
import { AppError, type Clock } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { SessionStore } from "@flotilla/session-store";
import { classify } from "@flotilla/telegram";
import type { Account } from "./account/account.ts";
import type { OwnWay } from "./account/own-way.ts";
import type { LoginDesk } from "./login/login-desk.ts";
import type { Relay } from "./relay/relay.ts";
import { isRelayCommand, performRelay } from "./relay/relay-commands.ts";

/** Parts of the command handler. */
export interface CommandDeps {
  readonly store: Pick<SessionStore, "commands">;
  readonly account: Account;
  readonly desk: LoginDesk;
  readonly relay: Relay;
  readonly way: OwnWay;
  /** Makes a verified copy of the session over its own connection and says so. Throws AppError of the vault. */
  readonly backup: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is secret for a while is in the steps of a login. */
const LOGIN_BEFORE = { kind: "failed", code: "again", message: "This step of the login was carried out before." } as const;

/**
 * Carries out one command and says how it ended. One that comes again, also after a restart, is answered as it was then (field fault
 * A8); only what looks at something looks again. Never throws: a failure is an outcome.
 */
export async function carryOut(deps: CommandDeps, command: WorkerCommand): Promise<CommandOutcome> {
  const { store, log } = deps;
  try {
    const before = store.commands.outcomeOf(command.id);
    if (before !== null) {
      log.warn({ command: command.kind, id: command.id }, "a command that was carried out came again");
      return CommandOutcome.parse(JSON.parse(before));
    }
  } catch (error) {
    return failed(deps, command, error);
  }
  const outcome = await perform(deps, command);
  const kept = outcome.kind === "login" ? LOGIN_BEFORE : outcome;
  try {
    if (kept.kind === "done" || kept.kind === "failed") store.commands.add(command.id, JSON.stringify(kept));
  } catch (error) {
    log.warn({ command: command.kind, err: error }, "how a command ended could not be kept");
  }
  return outcome;
}

async function perform(deps: CommandDeps, command: WorkerCommand): Promise<CommandOutcome> {
  if (deps.clock.now() > command.deadlineAt) return { kind: "expired" };
  try {
    if (isRelayCommand(command)) return await performRelay(deps.relay, command);
    if (command.kind === "backup") return { kind: "done", text: deps.backup() };
    if (command.kind === "resume-sending") {
      deps.account.resumeSending();
      return { kind: "done" };
    }
    if (command.kind === "proxy") {
      deps.way.change(command.sealed);
      // Not awaited: whether it gets through is told by the state.
      void deps.account.reconnect();
      return { kind: "done" };
    }
    if (command.kind === "devices") return { kind: "devices", devices: [...(await deps.account.devices())] };
    if (command.kind === "logout") return await logOut(deps);
    if (command.kind !== "check") return await deps.desk.perform(command);
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

/** Nothing is given up without a verified copy (invariant 4), though it cannot bring this login back. */
async function logOut({ account, backup }: CommandDeps): Promise<CommandOutcome> {
  if (!account.connected) throw new AppError("not-connected", "There is no connection to Telegram at the moment.");
  backup();
  await account.logOut();
  return { kind: "done" };
}
