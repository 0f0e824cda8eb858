import type { Confirmation, Delivery, DeliveryResult, DeliveryStep } from "@flotilla/contracts";
import { resultOfFault } from "@flotilla/domain";
import { AppError, SingleFlight, type WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { RelayTable } from "@flotilla/session-store";
import type { RelayFiles } from "./files.ts";
import type { RelayTelegram, TargetChat } from "./ports.ts";

/** Parts of the sender. */
export interface SenderDeps {
  readonly relay: RelayTable;
  readonly telegram: RelayTelegram;
  readonly files: RelayFiles;
  readonly now: () => number;
  readonly log: Logger;
}

/** The source or the target is nothing to this account. If it is the target, an upload will say so too. */
const NO_ACCESS: ReadonlySet<string> = new Set(["unknown-peer", "CHANNEL_PRIVATE", "CHANNEL_INVALID", "PEER_ID_INVALID"]);

/**
 * Delivers steps for readers. What was sent is remembered before it is confirmed; a step that was sent and not remembered
 * (killed in between) is refused by Telegram, because its random id was used. So each arrives once.
 */
export class Sender {
  readonly #deps: SenderDeps;
  readonly #tries = new SingleFlight<DeliveryResult>();

  constructor(deps: SenderDeps) {
    this.#deps = deps;
  }

  /** Carries out one try. Never throws: how it ended is the confirmation. */
  async perform(delivery: Delivery): Promise<Confirmation> {
    const { id, key, route } = delivery;
    const result = await this.#tries.run(key, () => this.#once(delivery));
    return { v: 1, kind: "confirmation", id, key, route, result };
  }

  async #once({ key, to, step, id, reader }: Delivery): Promise<DeliveryResult> {
    const { relay, now, log } = this.#deps;
    try {
      const known = relay.sent(key);
      if (known) return { kind: "done", ids: known, at: now() };
      if (to.kind !== "worker") throw new AppError("method-refused", "A worker does not deliver to this kind of target.");
      const ids = await this.#deliver({ chat: to.chat, topic: to.topic ?? null }, step, reader);
      relay.addSent(key, ids);
      return { kind: "done", ids: [...ids], at: now() };
    } catch (error) {
      const fault = this.#deps.telegram.faultOf(error);
      log.debug({ delivery: id, code: fault.code }, "a delivery did not work out");
      const result = resultOfFault(fault, now());
      const mayBeSource = result.kind === "blocked" && step.kind === "forward" && step.dropAuthor && NO_ACCESS.has(fault.code);
      return mayBeSource ? { ...result, kind: "no-access" } : result;
    }
  }

  async #deliver(to: TargetChat, step: DeliveryStep, reader: WorkerId): Promise<readonly (number | null)[]> {
    const { telegram } = this.#deps;
    switch (step.kind) {
      case "send":
        return await this.#unlessSent(1, async () => [await telegram.send(to, step)]);
      case "forward":
        return await this.#unlessSent(step.ids.length, () => telegram.forward(to, step));
      case "upload":
        return await this.#unlessSent(step.files.length, () => this.#deps.files.upload(reader, to, step));
      case "edit":
        await this.#ignoring("MESSAGE_NOT_MODIFIED", () => telegram.edit(to, step.message, step));
        return [];
      case "delete":
        await this.#ignoring("MESSAGE_ID_INVALID", () => telegram.delete(to, step.messages));
        return [];
      case "alert":
        throw new AppError("method-refused", "Alerts are the bot's.");
      default:
        return step satisfies never;
    }
  }

  /** Telegram saying "I have this already" is what a second try hopes for. The ids are then not told. */
  async #unlessSent(count: number, send: () => Promise<readonly (number | null)[]>): Promise<readonly (number | null)[]> {
    try {
      return await send();
    } catch (error) {
      if (this.#deps.telegram.faultOf(error).code !== "RANDOM_ID_DUPLICATE") throw error;
      return Array.from({ length: count }, () => null);
    }
  }

  async #ignoring(code: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#deps.telegram.faultOf(error).code !== code) throw error;
    }
  }
}
