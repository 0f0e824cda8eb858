import type { BoxState } from "./model.ts";

/** A basic group: it has no box of its own, its messages are in those of its members. */
export interface Group {
  id: bigint;
  title: string;
  creator: bigint;
  members: Set<bigint>;
  createdAt: number;
  /** "Restrict saving content" of the whole group. */
  noforwards?: boolean;
  /** The supergroup that it became: no member writes here any more. */
  migratedTo?: bigint;
}

/** A topic of a forum; the General one is in no list. */
export interface Topic {
  /** Of the message that it began with. */
  readonly id: number;
  title: string;
  readonly creator: bigint;
  /** Unix seconds. */
  readonly createdAt: number;
  closed: boolean;
  /** Its id is remembered: what is sent to it is refused. */
  deleted: boolean;
}

/** A broadcast channel, or a supergroup: there every member writes in its own name. */
export interface Channel {
  id: bigint;
  accessHash: bigint;
  title: string;
  username: string | null;
  owner: bigint | null;
  members: Set<bigint>;
  createdAt: number;
  box: BoxState;
  supergroup?: boolean;
  /** The topics of a forum, by id; absent where there are none. */
  topics?: Map<number, Topic>;
  /**
   * Of a channel: its discussion group, which gets a copy of each post. Of a group: the channel
   * (https://core.telegram.org/api/discussion).
   */
  linked?: bigint;
  /** "Restrict saving content" of the whole chat. */
  noforwards?: boolean;
  /** The bot of the Bot API half is in it, as an admin. */
  bot?: boolean;
}

/** The bot of the Bot API half. */
export interface Bot {
  readonly id: bigint;
  readonly firstName: string;
  readonly username: string;
}
