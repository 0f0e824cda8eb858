import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { JobRefusal } from "@flotilla/contracts";
import { type Clock, systemClock } from "@flotilla/kernel";

/**
 * Place in the fleet's Redis to which a signature is bound: data signed for one place is invalid at
 * another.
 */
export interface Slot {
  /** Name of a queue or a table. */
  readonly queue: string;
  /** Id of a job, or name of a row. */
  readonly id: string;
  readonly name: string;
}

/** A signed payload in Redis. */
export interface Signed {
  /** Time of the signature, in milliseconds since the epoch. */
  readonly at: number;
  readonly mac: string;
  /** The payload as JSON: exactly the signed text. */
  readonly body: string;
  /** Version 0.1 wrote it unsigned; it was signed when it was moved. */
  readonly from01?: true;
}

/** Why {@link Wire.open} refused a payload. */
export type Refused = Exclude<JobRefusal["why"], "again">;

/** Result of {@link Wire.open}. The body is parsed JSON; the caller checks its schema. */
export type Opened =
  | { readonly kind: "signed"; readonly body: unknown; readonly from01: boolean }
  | { readonly kind: "refused"; readonly why: Refused };

/** Longest validity in milliseconds; a consumer remembers finished jobs as long (ADR 11). */
export const GOOD_FOR_MS = 7 * 24 * 3600 * 1000;

/**
 * Signs what this fleet writes into Redis and verifies what it reads there: HMAC-SHA256 with a key
 * that only this fleet can derive.
 */
export class Wire {
  readonly #key: Buffer;
  readonly #fleet: string;
  readonly #clock: Clock;

  /** `fleet` is the prefix of the fleet's keys. */
  constructor(fleetKey: Buffer, fleet: string, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#key = Buffer.from(hkdfSync("sha256", fleetKey, Buffer.alloc(0), "flotilla wire v1", 32));
    this.#fleet = fleet;
  }

  /** Signs a payload for one place. `before` = it was moved from version 0.1. */
  sign(slot: Slot, payload: unknown, before = false): Signed {
    const [at, body] = [this.#clock.now(), JSON.stringify(payload)];
    const mac = this.#mac(slot, at, body, before);
    return { at, mac, body, ...(before ? { from01: true } : {}) };
  }

  /** Verifies first, then parses. `goodForMs` is its greatest age. */
  open(slot: Slot, data: unknown, goodForMs = GOOD_FOR_MS): Opened {
    if (!isSigned(data))
      return { kind: "refused", why: isUnreadable(data) ? "unreadable" : "unsigned" };
    const from01 = data.from01 === true;
    if (!same(data.mac, this.#mac(slot, data.at, data.body, from01)))
      return { kind: "refused", why: "wrong-signature" };
    if (this.#clock.now() - data.at > goodForMs) return { kind: "refused", why: "too-old" };
    return { kind: "signed", body: JSON.parse(data.body), from01 };
  }

  /** A row of a table as signed text. */
  signRow(table: string, row: string, payload: unknown): string {
    return JSON.stringify(this.sign({ queue: table, id: row, name: "row" }, payload));
  }

  /** The payload of a row; null when this fleet did not sign it. Rows contain their own age. */
  openRow(table: string, row: string, text: string): unknown {
    const opened = this.open(
      { queue: table, id: row, name: "row" },
      parse(text),
      Number.POSITIVE_INFINITY,
    );
    return opened.kind === "signed" ? opened.body : null;
  }

  /** Bytes with a signature before them. */
  signBytes(slot: Slot, bytes: Buffer): Buffer {
    return Buffer.concat([this.#digest(slot, 0, digestOf(bytes), false), bytes]);
  }

  /** The bytes; null when the signature is not valid for this place. */
  openBytes(slot: Slot, signed: Buffer): Buffer | null {
    const [mac, bytes] = [signed.subarray(0, MAC_BYTES), signed.subarray(MAC_BYTES)];
    const right = this.#digest(slot, 0, digestOf(bytes), false);
    if (mac.length === right.length && timingSafeEqual(mac, right)) return bytes;
    return null;
  }

  #mac(slot: Slot, at: number, body: string, before: boolean): string {
    return this.#digest(slot, at, body, before).toString("base64");
  }

  /** As JSON, so that different inputs never give the same text. */
  #digest({ queue, id, name }: Slot, at: number, body: string, before: boolean): Buffer {
    const text = JSON.stringify([this.#fleet, queue, id, name, at, before, body]);
    return createHmac("sha256", this.#key).update(text).digest();
  }
}

const MAC_BYTES = 32;

/** Placeholder for the data of a job that is not JSON. */
export const UNREADABLE = { unreadable: true } as const;

function isUnreadable(data: unknown): boolean {
  return typeof data !== "object" || data === null || "unreadable" in data;
}

function isSigned(data: unknown): data is Signed {
  if (typeof data !== "object" || data === null) return false;
  const { at, mac, body } = data as Partial<Record<keyof Signed, unknown>>;
  return (
    typeof at === "number" &&
    Number.isFinite(at) &&
    typeof mac === "string" &&
    typeof body === "string"
  );
}

function same(told: string, right: string): boolean {
  const [one, other] = [Buffer.from(told), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return UNREADABLE;
  }
}
