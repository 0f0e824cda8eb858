import type { HostCommand } from "@flotilla/contracts";

/** What is to be done to one worker, whoever asked and when. */
export type Wish =
  | Pick<
      Exclude<HostCommand, { kind: "bulk" | "bulk.cancel" | "log" | "restore" | "rules" | "stop-holder" }>,
      "kind" | "worker"
    >
  | Pick<Of<"log">, "kind" | "worker" | "lines">
  | Pick<Of<"rules">, "kind" | "worker" | "rules">
  | Pick<Of<"restore">, "kind" | "worker" | "copy">
  | Pick<Of<"stop-holder">, "kind" | "worker" | "pid">;
/** One kind of host command. */
export type Of<K extends HostCommand["kind"]> = Extract<HostCommand, { kind: K }>;
