import type { Place } from "../../place/place.ts";

/** The input of every check. */
export interface Patient {
  readonly place: Place;
}

/** One result of a check, with texts for the user. A `hint` is no problem, but worth knowing. */
export interface Finding {
  /** Stable name of the check, for scripts. */
  readonly check: string;
  readonly level: "problem" | "hint";
  readonly what: string;
  readonly why: string;
  readonly todo: string;
  /** Corrects the problem; present only when that needs no decision and loses nothing. */
  readonly fix?: () => void;
}
