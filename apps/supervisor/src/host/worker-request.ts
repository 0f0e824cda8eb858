import type { HostCommand } from "@flotilla/contracts";

export type Of<K extends HostCommand["kind"]> = Extract<HostCommand, { kind: K }>;

/** A host command for one worker, without the fields that say who asked and when. */
export type WorkerRequest = WithoutAsker<
  Exclude<HostCommand, { kind: "bulk" | "bulk.cancel" | "start-again" }>
>;
type WithoutAsker<C> = C extends HostCommand
  ? Omit<C, "v" | "id" | "askedBy" | "askedAt" | "deadlineAt" | "sent">
  : never;
