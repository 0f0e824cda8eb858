import type { Place } from "../../place/place.ts";

/** What the doctor looks at. */
export interface Patient {
  readonly place: Place;
}

/** Something found, in words for people. `hint` = not wrong, but worth knowing. */
export interface Finding {
  /** Stable name of the check, for scripts. */
  readonly check: string;
  readonly level: "problem" | "hint";
  readonly what: string;
  readonly why: string;
  readonly todo: string;
  /** Corrects it; only where no decision is needed and nothing can be lost. */
  readonly fix?: () => void;
}
