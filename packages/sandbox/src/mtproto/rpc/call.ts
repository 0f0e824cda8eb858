import type { MovableClock } from "../../world/clock.ts";
import { RpcError } from "../../world/errors.ts";
import type { Account } from "../../world/model.ts";
import type { World } from "../../world/world.ts";
import type { Connection } from "../link/connection.ts";
import type { AuthKey, KeyStore } from "../link/keys.ts";
import type { Session } from "../link/session.ts";
import type { TlObject, TlValue } from "../tl/schema.ts";

/** Where a client finds a data centre. */
export interface DcAddress {
  readonly id: number;
  readonly ip: string;
  readonly port: number;
}

/** How large answers to update queries may get. */
export interface DifferenceLimits {
  /** Events in one updates.difference; the rest comes as slices. */
  readonly slice: number;
  /** More events than this: updates.differenceTooLong. */
  readonly tooLong: number;
  /** Events in one updates.channelDifference. */
  readonly channelPage: number;
  /** More events than this: updates.channelDifferenceTooLong. */
  readonly channelTooLong: number;
}

/** Everything a method may use. */
export interface Services {
  readonly world: World;
  readonly clock: MovableClock;
  readonly keys: KeyStore;
  readonly dcs: () => readonly DcAddress[];
  readonly limits: DifferenceLimits;
  /** Exported authorisations that wait for their import, by id. */
  readonly exported: Map<bigint, { account: bigint; secret: Buffer; dc: number }>;
}

/** One call and who makes it. */
export interface Call extends Services {
  readonly session: Session;
  readonly connection: Connection;
  readonly dc: number;
  /** The key the call came with. */
  readonly key: AuthKey;
  /** The permanent key behind it: logins belong to this one. */
  readonly permanent: AuthKey;
  /** Id of the message that holds the call. */
  readonly messageId: bigint;
  /** The logged-in account; null before. */
  readonly account: Account | null;
}

/** A call of a logged-in account. */
export interface UserCall extends Call {
  readonly account: Account;
}

/** A method; answers with a value of the method's result type, or throws {@link RpcError}. */
export type Method<C extends Call = Call> = (call: C, query: TlObject) => TlValue;

/** Field of type int. */
export function int(query: TlObject, field: string): number {
  const value = query[field];
  return typeof value === "number" ? value : 0;
}

/** Field of type long. */
export function long(query: TlObject, field: string): bigint {
  const value = query[field];
  return typeof value === "bigint" ? value : 0n;
}

/** Field of type string. */
export function text(query: TlObject, field: string): string {
  const value = query[field];
  return typeof value === "string" ? value : "";
}

/** Field of type bytes. */
export function bytes(query: TlObject, field: string): Buffer {
  const value = query[field];
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.alloc(0);
}

/** Field that holds an object. Throws INPUT_REQUEST_INVALID when it does not. */
export function object(query: TlObject, field: string): TlObject {
  const value = query[field];
  if (typeof value === "object" && value !== null && "_" in value) return value as TlObject;
  throw new RpcError(400, "INPUT_REQUEST_INVALID");
}

/** Field of type Vector<int>. */
export function ints(query: TlObject, field: string): number[] {
  const value = query[field];
  return Array.isArray(value) ? value.filter((item) => typeof item === "number") : [];
}

/** Field of type Vector<long>. */
export function longs(query: TlObject, field: string): bigint[] {
  const value = query[field];
  return Array.isArray(value) ? value.filter((item) => typeof item === "bigint") : [];
}

/** Field of type Vector of objects. */
export function objects(query: TlObject, field: string): TlObject[] {
  const value = query[field];
  return Array.isArray(value)
    ? value.filter(
        (item): item is TlObject => typeof item === "object" && item !== null && "_" in item,
      )
    : [];
}
