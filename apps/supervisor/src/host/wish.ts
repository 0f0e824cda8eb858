import type { HostCommand } from "@flotilla/contracts";

/** One kind of host command. */
export type Of<K extends HostCommand["kind"]> = Extract<HostCommand, { kind: K }>;

/** What is to be done to one worker, whoever asked and when. */
export type Wish = WithoutAsker<Exclude<HostCommand, { kind: "bulk" | "bulk.cancel" }>>;
type WithoutAsker<C> = C extends HostCommand ? Omit<C, "v" | "id" | "askedBy" | "askedAt" | "deadlineAt" | "sent"> : never;
