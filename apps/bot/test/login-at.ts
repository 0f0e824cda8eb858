import { newSealKeyPair, unseal, type WorkerCommand } from "@flotilla/contracts";
import { consumeWorkerCommands } from "@flotilla/queue";
import type { Update } from "grammy/types";
import { onTestFinished } from "vitest";
import type { WizardStep } from "../src/login/wizard-state.ts";
import { WizardStore } from "../src/login/wizard-store.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ANN, ASKER, WORKER } from "./support.ts";

const LOGIN = "0123456789abcdef";
export const PASSWORD: WizardStep = { kind: "ask-password", hint: null, note: null };
export const PHONE: WizardStep = { kind: "ask-phone", known: null, note: null };
export const SESSION: WizardStep = { kind: "ask-session", known: null, note: null };

interface At extends Fleet {
  /** Ann sends something; `edits`: as a change of an earlier message. */
  send(part: object, edits?: boolean): Promise<void>;
  /** What reaches the worker, opened, as "kind text". */
  readonly reached: string[];
  step(): WizardStep["kind"] | undefined;
  /** Her messages that are still to be seen, the first /start left out. */
  left(): Promise<string[]>;
}

let updates = 1000;

/**
 * Ann at this step of a login, and the worker that takes what she sends. `before`: what happens
 * before the login.
 */
export async function at(step: WizardStep, before: (fleet: Fleet) => void = () => {}): Promise<At> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  before(fleet);
  fleet.parts.addWorker(WORKER, ASKER);
  const keys = newSealKeyPair();
  const expiresAt = fleet.parts.clock.now() + 600_000;
  new WizardStore(fleet.db).save({
    admin: ANN,
    worker: WORKER,
    login: LOGIN,
    publicKey: keys.publicKey,
    step,
    expiresAt,
  });
  const reached: string[] = [];
  const handle = async (command: WorkerCommand): Promise<void> => {
    const text =
      "sealed" in command && command.sealed ? unseal(keys.privateKey, LOGIN, command.sealed) : "";
    reached.push(`${command.kind} ${"fresh" in command ? "fresh" : text}`);
  };
  const consumer = await consumeWorkerCommands(WORKER, {
    place: fleet.place,
    handle,
    onError: () => {},
  });
  onTestFinished(() => consumer.close());
  return {
    ...fleet,
    reached,
    send: async (part, edits = false) => {
      const { text = "something" } = part as { text?: string };
      const sent = (await fleet.post("/chat/text", {
        text: text.trim() || "something",
        user: 777,
      })) as { id: number };
      const chat = { id: 777, type: "private", first_name: "Ann" };
      const message = {
        message_id: sent.id,
        date: 1,
        chat,
        from: { id: 777, is_bot: false, first_name: "Ann" },
        ...part,
      };
      await fleet.bot.handleUpdate({
        update_id: updates++,
        [edits ? "edited_message" : "message"]: message,
      } as unknown as Update);
    },
    step: () => fleet.parts.wizard.of(ANN)?.step.kind,
    left: async () =>
      (await fleet.shown(777)).flatMap(({ from, text }, index) =>
        from === "user" && index > 0 ? [text] : [],
      ),
  };
}

/** A text as Telegram marks it when it begins with a command. */
export const command = (text: string): object => ({
  text,
  entities: [{ type: "bot_command", offset: 0, length: text.split(" ")[0]?.length ?? 0 }],
});
