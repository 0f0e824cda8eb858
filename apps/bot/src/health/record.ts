import type { CommandOutcome, RecordGain } from "@flotilla/contracts";
import { HostIdField } from "@flotilla/contracts";
import { z } from "zod";
import type { AuditStore } from "../admins/audit-store.ts";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { CONFIRM_MS, isTooLate, stampOf } from "../kit/confirm.ts";
import { backButton, cancelButton, refreshButton, rows, verbButton } from "../kit/keyboard.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import type { PressContext } from "../kit/press-context.ts";
import { type Html, lines } from "../kit/words/html.ts";
import { say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import type { Answers } from "../workers/answers.ts";
import { why } from "../workers/command-line.ts";
import type { CommandRow, CommandStore } from "../workers/command-store.ts";
import { type AskResult, type Commands, toastOf } from "../workers/commands.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import type { FleetView } from "../workers/view.ts";
import type { WorkerStore } from "../workers/worker-store.ts";

/** `step`: what `command` asked of the host; `at`: when it was asked, in milliseconds. */
const data = z.object({
  host: HostIdField,
  command: z.string(),
  step: z.enum(["look", "take", "leave"]),
  at: z.number(),
});
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    record: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    record: true;
    recordyes: true;
    recordno: true;
  }
}

type Step = z.infer<typeof data>["step"];
/** What a host says of its lost record. */
export type RecordOutcome = Extract<CommandOutcome, { kind: "record" }>;

interface RecordDeps extends ChatDeps {
  readonly commands: Commands;
  readonly workers: WorkerStore;
  readonly audit: AuditStore;
  readonly clock: WorkerDeps["clock"];
}
interface FoundDeps {
  readonly answers: Answers;
  readonly commandLog: CommandStore;
}

/** Names in a line; more are counted. */
const MOST_NAMES = 10;

/** ♻️ What a host that lost its host.db gets from a backup, and what became of it. */
export const record = screen("record", data, (deps: FoundDeps, { words }: FleetView, shown) =>
  recordScreen(words, {
    ...shown,
    found: deps.answers.recordOf(shown.command),
    row: deps.commandLog.find(shown.command),
  }),
);

/** ♻️ of an alert card: asks the host what it would bring. */
export const recordButton = button("record", "owner", async (deps: RecordDeps, context) => {
  await ask(deps, context, "look", (worker, by) => deps.commands.record("look", worker, by));
});

/** ♻️ Take it over, from the backup that was shown. */
export const recordYesButton = button("recordyes", "owner", async (deps: RecordDeps, context) => {
  const [backup = "", stamp = ""] = context.press.arg.split("-");
  const at = Number.parseInt(backup, 36);
  if (isTooLate(stamp, deps.clock.now()) || !Number.isSafeInteger(at))
    return await ask(deps, context, "look", (worker, by) =>
      deps.commands.record("look", worker, by),
    );
  deps.audit.write(
    context.asker,
    say("audit-record-take", { host: context.press.about, at }),
    null,
    deps.clock.now(),
  );
  await ask(deps, context, "take", (worker, by) => deps.commands.takeRecord(at, worker, by));
});

/** Leaves the new record as it is, which ends the alert. */
export const recordNoButton = button("recordno", "owner", async (deps: RecordDeps, context) => {
  const said = say("audit-record-leave", { host: context.press.about });
  deps.audit.write(context.asker, said, null, deps.clock.now());
  await ask(deps, context, "leave", (worker, by) => deps.commands.record("leave", worker, by));
});

type Worker = Parameters<Commands["record"]>[1];

async function ask(
  deps: RecordDeps,
  context: PressContext,
  step: Step,
  send: (worker: Worker, by: Parameters<Commands["record"]>[2]) => Promise<AskResult>,
): Promise<void> {
  const one = deps.workers.all().find(({ host }) => host === context.press.about);
  if (!one) return await show(deps, context, { kind: "health" }, say("toast-gone"));
  const result = await send(one.id, { asker: context.asker, id: context.id });
  const command = result.kind === "failed" ? context.id : result.id;
  const at = deps.clock.now();
  const said = step === "look" && result.kind === "sent" ? undefined : toastOf(result);
  await show(deps, context, { kind: "record", host: one.host, command, step, at }, said);
}

/** The screen of one step; `found` null: the host has not answered, see `row`. */
export interface RecordView extends z.infer<typeof data> {
  readonly found: RecordOutcome | null;
  readonly row: CommandRow | null;
}

/** What the backup would bring with the question, or what it brought. */
export function recordScreen(words: Words, view: RecordView): Card {
  const { host, step, found, at } = view;
  const isAsked = step === "look" && found !== null && found.isLost && found.at !== null;
  const backup = found?.at ?? null;
  return {
    html: lines(
      words.html("record-title", { host }),
      ...body(words, view),
      isAsked && "",
      isAsked && words.html("confirm-limit", { at: at + CONFIRM_MS }),
    ).text,
    keyboard: rows(
      isAsked &&
        backup !== null && [
          verbButton(words, "recordyes", host, `${backup.toString(36)}-${stampOf(at)}`),
        ],
      step === "look" && found?.isLost && [verbButton(words, "recordno", host)],
      isAsked
        ? [cancelButton(words, encodePress("health"))]
        : [
            (step === "look" || found === null) &&
              refreshButton(words, encodePress("record", host)),
            backButton(words, encodePress("health")),
          ],
    ),
  };
}

function body(words: Words, { step, found, row }: RecordView): Html[] {
  if (found === null) return [pending(words, step, row)];
  if (!found.isLost && step === "look") return [words.html("record-not-lost")];
  const useless = found.useless
    .slice(0, 3)
    .map(({ at, code }) => words.html("record-useless", { at, code }));
  if (found.at === null) return [words.html("record-none"), ...useless];
  return [
    words.html(step === "take" ? "record-took" : "record-brings", { at: found.at }),
    ...gains(words, found.brings),
    ...useless,
    words.html("record-stays"),
  ];
}

function pending(words: Words, step: Step, row: CommandRow | null): Html {
  if (row?.state === "asked") return words.html(`record-doing-${step}`);
  if (row?.state === "failed") return words.html("not-done", { why: why(words, row) });
  if (row?.state !== "done") return words.html("no-answer");
  return words.html(step === "leave" ? "record-left" : "record-again");
}

function gains(words: Words, { rules, exits, stops, starts, adds }: RecordGain): Html[] {
  const named = (key: string, names: readonly string[]): Html[] =>
    names.length === 0 ? [] : [words.html(key, { names: namesOf(names) })];
  const counted = (key: string, count: number): Html[] =>
    count === 0 ? [] : [words.html(key, { count })];
  const all = [
    ...counted("record-rules", rules),
    ...counted("record-exits", exits),
    ...named("record-stops", stops),
    ...named("record-starts", starts),
    ...named("record-adds", adds),
  ];
  return all.length === 0 ? [words.html("record-nothing")] : all;
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return names.length > MOST_NAMES ? `${shown} +${names.length - MOST_NAMES}` : shown;
}
