/** What an outbox row will do in its target; `alert` tells the admins. */
export type OutboxKind = "new" | "edit" | "delete" | "alert";

/** A delivery that is wanted. Times are milliseconds since the Unix epoch. */
export interface NewOutboxRow {
  /** What keeps its order among itself: one route, or one route's alerts. */
  readonly lane: string;
  readonly route: string;
  /** Once per lane, whatever happens: a second row with it is not written. */
  readonly key: string;
  readonly kind: OutboxKind;
  /**
   * Messages of one album that are not under way yet become one row, which is judged once it is
   * whole.
   */
  readonly album: string | null;
  /** One piece of the payload: a message, as JSON. */
  readonly piece: string;
  readonly sourceAt: number;
  /**
   * 0: at once. Else its messages may still come: it waits a moment from when the last one came.
   */
  readonly readyAt: number;
}

/** A row as it stands. */
export interface OutboxRow {
  /** Grows in the order of arrival. */
  readonly n: number;
  readonly lane: string;
  readonly route: string;
  readonly key: string;
  readonly kind: OutboxKind;
  readonly album: string | null;
  /** JSON of each piece. Empty once it is done. */
  readonly pieces: readonly string[];
  readonly attempts: number;
  readonly reason: string | null;
  readonly sourceAt: number;
  readonly createdAt: number;
  readonly readyAt: number;
  /** It is under way, or was: what comes now is another row. */
  readonly sealed: boolean;
}

/**
 * One of the messages that follow a message because it was too long for one: its id in the target.
 * `unknown`: it is there, and Telegram did not tell its id. `missing`: the target refused it.
 */
export type PartPlace = number | "unknown" | "missing";

/** Where one message of a source is in the target; null = delivered, but its id was not learned. */
export interface DeliveredId {
  readonly chat: string;
  readonly message: number;
  readonly targetMessage: number | null;
  /** What followed it. */
  readonly rest?: readonly PartPlace[];
  /**
   * Marked id of the chat it landed in, where that is another one than the route names: it became a
   * supergroup.
   */
  readonly landed?: string;
  /** Digest of what it said: an edit that changes nothing is nothing. */
  readonly said?: string;
  /** Whether it is there with its photo or file, or as a text. */
  readonly form?: DeliveredForm;
  /**
   * In an album that became one message, the piece whose text that message has is its speaker; the
   * others are silent.
   */
  readonly role?: AlbumRole;
}

/** How a message was delivered: with its photo or file, or as a text alone. */
export type DeliveredForm = "media" | "text";

/** What a piece of an album is to the one message that the album became. */
export type AlbumRole = "speaker" | "silent";

/**
 * What a sender knows of a step that it did: ids of its messages, and of what followed them; null =
 * not told. `rest` is absent where nothing ever followed.
 */
export interface SentIds {
  readonly ids: readonly (number | null)[];
  readonly rest?: readonly (number | null)[] | undefined;
  /** Which of them the target refused, by their place in `rest`. */
  readonly refused?: readonly number[] | undefined;
  /** Marked id of the chat, where it is another one than was named. */
  readonly landed?: string | undefined;
  /** What could not be carried. */
  readonly lost?: readonly ("reply" | "media")[] | undefined;
}

/** A place that is delivered to, as its route names it. */
export interface TargetPlace {
  readonly chat: string;
  readonly topic: number | null;
}

/** What is known of a delivered message. */
export interface MapTarget extends TargetPlace {
  readonly message: number | null;
  readonly rest: readonly PartPlace[];
  readonly said: string | null;
  readonly landed: string | null;
  /** Null: not known. */
  readonly form: DeliveredForm | null;
  readonly role: AlbumRole | null;
}
