/** One line of the answer. `problem` = it prevents the upgrade; `note` = worth knowing. */
export interface Line {
  /** Stable name of what was looked at, for scripts. */
  readonly check: string;
  readonly level: "ok" | "note" | "problem";
  readonly what: string;
  /** What to do about it; null = nothing. */
  readonly todo: string | null;
}

/** Makes the lines of one check. */
export function linesOf(check: string) {
  return {
    ok: (what: string): Line => ({ check, level: "ok", what, todo: null }),
    note: (what: string, todo: string | null = null): Line => ({
      check,
      level: "note",
      what,
      todo,
    }),
    problem: (what: string, todo: string): Line => ({ check, level: "problem", what, todo }),
  };
}
