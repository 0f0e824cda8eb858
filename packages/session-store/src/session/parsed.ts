import type { EntityRow } from "../tables/entities.ts";
import type { ChannelState, SessionFormat, UpdateState } from "../tables/types.ts";

/** A session of another program, read and checked. Holds a key: never log it. */
export interface ParsedSession {
  readonly format: SessionFormat;
  readonly dcId: number;
  readonly authKey: Buffer;
  /** Decimal; null when the format does not say. */
  readonly userId: string | null;
  readonly apiId: number | null;
  readonly entities: readonly EntityRow[];
  readonly updateState: UpdateState | null;
  readonly channels: readonly ChannelState[];
}

/** What a format without a memory of its own has. */
export const NOTHING_KNOWN = {
  userId: null,
  apiId: null,
  entities: [],
  updateState: null,
  channels: [],
} as const;
