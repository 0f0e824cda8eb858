import type { DeliveryStep } from "@flotilla/contracts";

/** The target became another chat and the reader does not know yet: what the step answers or changes is not in there. Null: nothing is left. */
export function unanswered(step: DeliveryStep): DeliveryStep | null {
  switch (step.kind) {
    case "send":
    case "upload":
      return { ...step, replyTo: null };
    case "forward": {
      const { answer, ...plain } = step;
      return answer === undefined || step.rest === undefined ? plain : { ...plain, answer: { ...answer, to: null } };
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
