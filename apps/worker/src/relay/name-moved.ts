import { AppError } from "@flotilla/kernel";

/**
 * A name leads to another chat than when the route was made: AppError `name-moved`, in words for
 * people.
 */
export function nameMoved(ref: string, pin: string, led: string): AppError<"name-moved"> {
  const remedy = `To go on with the old chat, write ${pin} in the route; with the new one, write ${led}.`;
  return new AppError(
    "name-moved",
    `${ref} leads to another chat now (${led}; it was ${pin}). ${remedy}`,
  );
}
