import type { Asker, Route } from "@flotilla/contracts";
import { type Clock, parseUserId, type UserId, type WorkerId } from "@flotilla/kernel";
import type { AuditStore } from "../../admins/audit-store.ts";
import type { PlaceStore } from "../../admins/place-store.ts";
import type { Card } from "../../kit/chat/screen.ts";
import { type Said, say } from "../../kit/words/said.ts";
import type { Words } from "../../kit/words/words.ts";
import type { CommandRow } from "../../workers/command-store.ts";
import type { By, Commands } from "../../workers/commands.ts";
import type { WorkerStore } from "../../workers/worker-store.ts";
import type { ChatFinder } from "../chat-finder.ts";
import type { ChatLists } from "../chat-lists.ts";
import type { RouteDesk } from "../route-desk.ts";
import { routeProblem } from "../route-problem.ts";
import type { RouteStore } from "../route-store.ts";
import { DraftAnswers } from "./draft-answers.ts";
import { draftCard, noDraftCard } from "./draft-card.ts";
import { type Edit, proposedName } from "./draft-edits.ts";
import type { DraftStore } from "./draft-store.ts";
import { routeFromText } from "./new-route.ts";
import {
  type Draft,
  draftOf,
  newDraft,
  nextStep,
  routeOf,
  type Step,
  stepBefore,
} from "./route-draft.ts";
import { misnumbered, problemAtStep, type SeenChat } from "./step-check.ts";

/** Parts of the wizard. */
export interface RouteWizardDeps {
  readonly drafts: DraftStore;
  readonly routes: RouteStore;
  readonly relay: RouteDesk;
  readonly lists: ChatLists;
  readonly commands: Pick<Commands, "relay">;
  readonly workers: WorkerStore;
  readonly places: PlaceStore;
  readonly audit: AuditStore;
  readonly clock: Clock;
  /** Asks readers about chats. */
  readonly finder: Pick<ChatFinder, "unknown">;
  /** A chat that the bot is in; null where it is not. */
  readonly botChat: (ref: string) => Promise<SeenChat | null>;
}

/** Whose draft, and who asks. */
export interface Maker extends By {
  readonly admin: UserId;
  /** Where the admin is: it can be the bot's target. */
  readonly chat: string;
}

/** What a press or a text led to. */
export type WizardResult =
  /** The draft continues. */
  | { readonly kind: "draft"; readonly said?: Said }
  /** There is no such draft, or it is at another step. */
  | { readonly kind: "stale" }
  | { readonly kind: "dry"; readonly route: string; readonly command: string; readonly said: Said }
  | { readonly kind: "saved"; readonly route: string };

const GOES_ON: WizardResult = { kind: "draft" };

/**
 * Makes and changes routes step by step. A draft is checked by the rules of the file, and nothing
 * is saved that breaks them.
 */
export class RouteWizard {
  readonly #deps: RouteWizardDeps;
  readonly #answers: DraftAnswers;

  constructor(deps: RouteWizardDeps) {
    this.#deps = deps;
    this.#answers = new DraftAnswers(deps);
  }

  of(admin: UserId): Draft | null {
    return this.#deps.drafts.find(admin);
  }

  /** Starts a new route; one that was under way is given up. */
  begin(admin: UserId, reader: WorkerId | null): void {
    const { workers } = this.#deps;
    const all = workers.all();
    const given = reader ?? (all.length === 1 ? (all[0]?.id ?? null) : null);
    this.#save(admin, newDraft(proposedName(this.#answers.taken()), given));
  }

  /** Starts changing a route. Returns whether it is there. */
  edit(admin: UserId, id: string): boolean {
    const route = this.#deps.routes.find(id);
    if (route)
      this.#save(
        admin,
        draftOf(route, (ref) => this.#answers.known(ref)),
      );
    return route !== null;
  }

  /** Returns whether there was one. */
  cancel(admin: UserId): boolean {
    return this.#deps.drafts.remove(admin);
  }

  /** What is wrong with a draft as it is, and the route that it would be. */
  look(draft: Draft): { readonly route: Route | null; readonly problem: Said | null } {
    const { routes, relay } = this.#deps;
    const before = draft.editing ? routes.find(draft.id) : null;
    const route = routeOf(draft, before);
    const taken = !draft.editing && routes.find(draft.id) !== null;
    if (taken) return { route, problem: say("rwiz-name-taken", { name: draft.id }) };
    const [found] = route ? relay.check(route) : [];
    return { route, problem: found ? routeProblem(found) : null };
  }

  /** The card of an admin's draft as things are now. */
  card(words: Words, admin: string, asking: (command: string) => CommandRow | null): Card {
    const draft = this.of(parseUserId(admin));
    if (!draft) return noDraftCard(words);
    const { workers, places, lists } = this.#deps;
    const worker = draft.step === "chats" || draft.step === "topic" ? draft.reader : draft.sender;
    const chat = draft.step === "topic" ? draft.chats[0]?.ref : draft.target?.ref;
    return draftCard({
      words,
      draft,
      workers: workers.all().map(({ id }) => id),
      places: places.all(),
      chats: worker && lists.chats(worker),
      topics: worker && chat !== undefined ? lists.topics(worker, chat) : null,
      topicName: (of, id) => lists.topicName(of, id),
      asking: asking(draft.command),
      ...this.look(draft),
    });
  }

  async press(maker: Maker, step: string, op: string): Promise<WizardResult> {
    const draft = this.of(maker.admin);
    if (!draft || draft.step !== step) return { kind: "stale" };
    if (op === "") return GOES_ON;
    if (op === "back") {
      const before = stepBefore(draft);
      return before
        ? await this.#goTo(maker, { ...draft, problem: null }, before)
        : { kind: "stale" };
    }
    if (op === "again") return await this.#goTo(maker, draft, draft.step);
    const page = /^p(\d{1,3})$/.exec(op)?.[1];
    if (page !== undefined) return this.#stays(maker, { ...draft, page: Number(page) });
    return draft.step === "summary"
      ? await this.#atSummary(maker, draft, op)
      : await this.#answer(maker, draft, this.#answers.pressed(draft, op, maker.chat));
  }

  /** Takes a text at the step where the draft is. */
  async text(maker: Maker, text: string): Promise<WizardResult> {
    const draft = this.of(maker.admin);
    if (!draft) return { kind: "stale" };
    if (draft.step === "name" && draft.reader !== null && text.trim().includes("\n"))
      return await this.#lines(maker, draft, draft.reader, text);
    return await this.#answer(
      maker,
      draft,
      await this.#answers.typed(draft, text.trim(), maker.asker),
    );
  }

  /** The short cut: sources, target, filter. It is off until an admin presses the switch. */
  async #lines(maker: Maker, draft: Draft, reader: WorkerId, text: string): Promise<WizardResult> {
    const route = routeFromText(reader, text.trim(), this.#answers.taken());
    if (!route) return this.#stays(maker, { ...draft, problem: say("ask-route-bad") });
    const [refused] = this.#deps.relay.check(route);
    if (refused) return this.#stays(maker, { ...draft, problem: routeProblem(refused) });
    const wrong = misnumbered(
      reader,
      await this.#deps.finder.unknown(reader, route.from.chats, maker.asker),
    );
    return wrong ? this.#stays(maker, { ...draft, problem: wrong }) : this.#put(maker, route);
  }

  async #answer(maker: Maker, draft: Draft, edit: Edit | null): Promise<WizardResult> {
    if (!edit) return { kind: "stale" };
    if ("problem" in edit) return this.#stays(maker, { ...draft, problem: edit.problem });
    const changed = { ...draft, ...edit.change, problem: edit.note ?? null };
    const refused = problemAtStep(changed, (route) => this.#deps.relay.check(route));
    if (refused) return this.#stays(maker, { ...draft, problem: refused });
    return edit.done
      ? await this.#goTo(maker, changed, nextStep(changed))
      : this.#stays(maker, changed);
  }

  async #atSummary(maker: Maker, draft: Draft, op: string): Promise<WizardResult> {
    const parts: Readonly<Record<string, Step>> = {
      chats: "chats",
      filter: "filter",
      action: "action",
      target: "kind",
    };
    const part = parts[op];
    if (part) return await this.#goTo(maker, draft, part);
    const { route, problem } = this.look(draft);
    if (!route) return { kind: "stale" };
    if (op === "dry") {
      const result = await this.#deps.commands.relay(
        { kind: "relay.dry", route },
        route.from.worker,
        maker,
      );
      if (result.kind === "sent")
        return { kind: "dry", route: route.id, command: result.id, said: say("toast-queued") };
      return {
        kind: "draft",
        said: result.kind === "already" ? say("toast-already", { by: result.by }) : result.why,
      };
    }
    if (op !== "save") return { kind: "stale" };
    if (problem !== null) return { kind: "draft", said: problem };
    return this.#put(maker, route);
  }

  #put({ admin, asker }: { admin: UserId; asker: Asker }, route: Route): WizardResult {
    const { relay, drafts, audit, clock } = this.#deps;
    const [refused] = relay.put(route);
    if (refused) return { kind: "draft", said: routeProblem(refused) };
    drafts.remove(admin);
    void relay.flush();
    audit.write(asker, say("audit-route", { route: route.id }), route.from.worker, clock.now());
    return { kind: "saved", route: route.id };
  }

  #stays({ admin }: Maker, draft: Draft): WizardResult {
    this.#save(admin, draft);
    return GOES_ON;
  }

  /** Shows a step; the list that it is about is asked for. */
  async #goTo(maker: Maker, draft: Draft, step: Step): Promise<WizardResult> {
    const next = {
      ...draft,
      step,
      page: 0,
      command: "",
      complete: draft.complete || step === "summary",
    };
    const asked = await this.#ask(next, maker);
    this.#save(maker.admin, { ...next, command: asked ?? "" });
    return GOES_ON;
  }

  /**
   * The id of the command that lists what this step chooses from; null: it needs none, or it could
   * not be sent.
   */
  async #ask(draft: Draft, by: By): Promise<string | null> {
    const { worker, chat } = listedAt(draft);
    if (worker === null) return null;
    const result = await this.#deps.commands.relay(
      chat === undefined ? { kind: "relay.chats" } : { kind: "relay.topics", chat },
      worker,
      by,
    );
    return result.kind === "sent" ? result.id : null;
  }

  #save(admin: UserId, draft: Draft): void {
    this.#deps.drafts.save(admin, draft, this.#deps.clock.now());
  }
}

/** Whose chats the step of a draft chooses from, or topics of which chat; `worker` null: none. */
function listedAt({ step, reader, sender, kind, chats, target }: Draft): {
  readonly worker: WorkerId | null;
  readonly chat?: string | undefined;
} {
  const writer = kind === "worker" ? sender : null;
  switch (step) {
    case "chats":
      return { worker: reader };
    case "topic":
      return { worker: reader, chat: chats[0]?.ref };
    case "target":
      return { worker: writer };
    case "into":
      return { worker: writer, chat: target?.ref };
    default:
      return { worker: null };
  }
}
