import type { DeliveryStep } from "@flotilla/contracts";

/**
 * The step without references to an earlier chat: the target became another chat, unknown to the
 * reader, that does not contain the messages to reply to or to change. Null = nothing is left to
 * do.
 */
export function unanswered(step: DeliveryStep): DeliveryStep | null {
  switch (step.kind) {
    case "send":
    case "upload":
      return { ...step, replyTo: null };
    case "forward": {
      const { answer, ...plain } = step;
      if (answer === undefined || step.rest === undefined) return plain;
      return { ...plain, answer: { ...answer, to: null } };
    }
    case "edit":
    case "delete":
      return null;
    case "alert":
      return step;
    default:
      return step satisfies never;
  }
}
