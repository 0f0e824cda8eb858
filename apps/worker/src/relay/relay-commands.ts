import type { CommandOutcome, WorkerCommand } from "@flotilla/contracts";
import type { Relay } from "./relay.ts";

/** Commands about routes. */
export type RelayCommand = Extract<WorkerCommand, { kind: `relay.${string}` }>;

/** Is this command about routes? */
export function isRelayCommand(command: WorkerCommand): command is RelayCommand {
  return command.kind.startsWith("relay.");
}

/** Carries one out. Throws AppError, or what Telegram answered. */
export async function performRelay(relay: Relay, command: RelayCommand): Promise<CommandOutcome> {
  switch (command.kind) {
    case "relay.dry":
      return { kind: "dry", lines: await relay.dryRun(command.route) };
    case "relay.chats":
      return { kind: "chats", chats: [...(await relay.lists.chats())] };
    case "relay.topics":
      return {
        kind: "topics",
        chat: command.chat,
        topics: [...(await relay.lists.topics(command.chat))],
      };
    case "relay.find":
      return { kind: "unknown-chats", chats: await relay.find(command.chats) };
    case "relay.fill":
      relay.backfill(command.route, { last: command.last });
      return { kind: "done" };
    case "relay.fill-since":
      relay.backfill(command.route, { since: command.since });
      return { kind: "done" };
    case "relay.stop-fill":
      await relay.cancelBackfill();
      return { kind: "done" };
    case "relay.retry":
      return { kind: "done", text: String(relay.poison(command.route, "retry")) };
    case "relay.drop":
      return { kind: "done", text: String(relay.poison(command.route, "drop")) };
    case "relay.wake":
      relay.wake(command.route);
      return { kind: "done" };
    default:
      return command satisfies never;
  }
}
