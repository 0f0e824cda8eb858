/** The account a session belongs to. */
export interface SelfUser {
  /** Decimal. */
  readonly id: string;
  readonly name: string;
  readonly username: string | null;
  readonly phone: string | null;
}

/** Position in the update stream (https://core.telegram.org/api/updates). */
export interface UpdateState {
  readonly pts: number;
  readonly qts: number;
  readonly date: number;
  readonly seq: number;
}
