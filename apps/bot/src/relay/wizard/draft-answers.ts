import type { Asker, KnownTopic } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { say } from "../../kit/words/said.ts";
import { matching } from "../../workers/view.ts";
import { sourceKey } from "../source-key.ts";
import { typedChat } from "./chat-refs.ts";
import * as edits from "./draft-edits.ts";
import type { Draft, Picked } from "./route-draft.ts";
import type { RouteWizardDeps } from "./route-wizard.ts";
import { linkedLoop, misnumbered } from "./step-check.ts";

const done = (change: Partial<Draft>): edits.Edit => ({ change, done: true });

/**
 * Understands what an admin pressed or wrote at a step of the wizard. Changes nothing by itself.
 */
export class DraftAnswers {
  readonly #deps: Pick<
    RouteWizardDeps,
    "routes" | "lists" | "workers" | "places" | "botChat" | "finder"
  >;

  constructor(
    deps: Pick<RouteWizardDeps, "routes" | "lists" | "workers" | "places" | "botChat" | "finder">,
  ) {
    this.#deps = deps;
  }

  /**
   * What a button says; null: it is none of this step's. `here`: the chat that it was pressed in.
   */
  pressed(draft: Draft, op: string, here: string): edits.Edit | null {
    const topic = /^t([0-9a-z]{1,7})$/.exec(op)?.[1];
    switch (draft.step) {
      case "name":
        return op === "take" ? edits.named(draft.id, this.taken()) : null;
      case "reader":
      case "sender":
        return this.#pressedWorker(draft, op);
      case "chats":
        return this.#pressedChat(draft, op);
      case "topic":
        if (op === "all") return done({ topic: null });
        return topic === undefined ? null : done({ topic: Number.parseInt(topic, 36) });
      case "filter":
        if (op === "next") return done({});
        if (!Object.hasOwn(edits.FILTERS, op)) return null;
        return done({ filter: edits.FILTERS[op] ?? "" });
      case "action":
        if (op === "forward") return edits.acting(draft, { kind: "forward" });
        return op === "copy" ? edits.acting(draft, { kind: "copy", template: "{text}" }) : null;
      case "kind":
        if (op !== "worker" && op !== "bot" && op !== "webhook") return null;
        return done(
          op === draft.kind ? {} : { kind: op, sender: null, target: null, into: null, url: null },
        );
      case "target":
        return this.#pressedTarget(draft, op, here);
      case "into":
        return topic === undefined ? null : done({ into: Number.parseInt(topic, 36) });
      default:
        return null;
    }
  }

  #pressedWorker(draft: Draft, op: string): edits.Edit | null {
    const worker = this.#deps.workers.all().find(({ id }) => sourceKey(id) === op)?.id;
    return worker ? this.#chosen(draft, worker) : null;
  }

  #typedWorker(draft: Draft, text: string): edits.Edit {
    const [only, ...more] = text === "" ? [] : matching(this.#deps.workers.all(), text);
    return only && more.length === 0 ? this.#chosen(draft, only.id) : { problem: say("rwiz-tap") };
  }

  #chosen(draft: Draft, worker: WorkerId): edits.Edit {
    if (draft.step === "sender") return done({ sender: worker });
    return done(worker === draft.reader ? {} : { reader: worker, chats: [], topic: null });
  }

  #pressedChat(draft: Draft, op: string): edits.Edit | null {
    if (op === "next") return draft.chats.length > 0 ? done({}) : { problem: say("rwiz-no-chats") };
    const picked = this.#listed(draft, op) ?? draft.chats.find(({ ref }) => sourceKey(ref) === op);
    return picked ? edits.toggled(draft, picked) : null;
  }

  #pressedTarget(draft: Draft, op: string, here: string): edits.Edit | null {
    if (draft.kind === "worker") {
      if (op === "me")
        return done({ target: { ref: "me", title: "me", forum: false }, into: null });
      const picked = this.#listed(draft, op);
      return picked ? done({ target: picked, into: null }) : null;
    }
    const place =
      op === "here"
        ? here
        : this.#deps.places.all().find(({ chat }) => sourceKey(chat) === op)?.chat;
    if (draft.kind !== "bot" || place === undefined) return null;
    const [ref = "", topic] = place.split("/");
    const title = this.#deps.places.all().find(({ chat }) => chat === place)?.title ?? ref;
    return done({
      target: { ref, title, forum: topic !== undefined },
      into: topic === undefined ? null : Number(topic),
    });
  }

  /** What a text says. A step that has buttons alone says so. */
  async typed(draft: Draft, text: string, asker: Asker): Promise<edits.Edit> {
    switch (draft.step) {
      case "name":
        return edits.named(text, this.taken());
      case "reader":
      case "sender":
        return this.#typedWorker(draft, text);
      case "chats":
        return await this.#looked(
          draft,
          edits.typedSources(draft, text, (ref) => this.known(ref)),
          asker,
        );
      case "topic":
      case "into": {
        const topic = edits.typedTopic(text, this.#topics(draft));
        if (topic === null) return { problem: say("rwiz-bad-topic") };
        return { change: draft.step === "topic" ? { topic } : { into: topic }, done: true };
      }
      case "filter":
        return edits.filtered(text);
      case "action":
        return edits.acting(draft, { kind: "copy", template: text });
      case "target":
        return draft.kind === "webhook" ? edits.hooked(text) : await this.#typedTarget(draft, text);
      default:
        return { problem: say("rwiz-tap") };
    }
  }

  /**
   * Sources that were typed, and what their reader says of them: a number with a better one is
   * refused.
   */
  async #looked(draft: Draft, edit: edits.Edit, asker: Asker): Promise<edits.Edit> {
    const { reader: worker } = draft;
    if ("problem" in edit || worker === null) return edit;
    const added = (edit.change.chats ?? []).filter(
      ({ ref }) => !draft.chats.some((chat) => chat.ref === ref),
    );
    const unknown = await this.#deps.finder.unknown(
      worker,
      added.map(({ ref }) => ref),
      asker,
    );
    const wrong = misnumbered(worker, unknown);
    if (wrong) return { problem: wrong };
    if (!unknown || unknown.length === 0) return edit;
    return {
      ...edit,
      note: say("rwiz-unknown-chat", { worker, chats: unknown.map(({ ref }) => ref).join(", ") }),
    };
  }

  async #typedTarget(draft: Draft, text: string): Promise<edits.Edit> {
    const typed = typedChat(text);
    if (!typed || (typed.ref === "me" && draft.kind === "bot"))
      return { problem: edits.noChat(text) };
    const { ref, topic } = typed;
    const asked = draft.kind === "bot" ? await this.#deps.botChat(ref) : null;
    if (draft.kind === "bot" && !asked) return { problem: say("rwiz-bot-not-in", { chat: ref }) };
    const loop = asked && (await linkedLoop(draft, { ...asked, ref }, this.#deps.botChat));
    if (loop) return { problem: loop };
    const { title, forum } = asked ?? this.known(ref);
    return {
      change: { target: { ref, title, forum: forum || topic !== null }, into: topic },
      done: true,
    };
  }

  /** The topics that this step is about, as its worker listed them. */
  #topics({ step, reader, sender, chats, target }: Draft): readonly KnownTopic[] | null {
    const [worker, chat] = step === "topic" ? [reader, chats[0]?.ref] : [sender, target?.ref];
    return worker === null || chat === undefined ? null : this.#deps.lists.topics(worker, chat);
  }

  #listed(draft: Draft, key: string): Picked | undefined {
    const worker = draft.step === "chats" ? draft.reader : draft.sender;
    const found =
      worker && this.#deps.lists.chats(worker)?.find(({ ref }) => sourceKey(ref) === key);
    return found ? { ref: found.ref, title: found.title, forum: found.forum } : undefined;
  }

  /** A chat, as any worker listed it: a name has one spelling. */
  known(named: string): Picked {
    const { ref, title, forum } = this.#deps.lists.find(named) ?? {
      ref: named,
      title: named,
      forum: false,
    };
    return { ref, title, forum };
  }

  /** Names that routes have. */
  taken(): string[] {
    return this.#deps.routes.all().map(({ id }) => id);
  }
}
