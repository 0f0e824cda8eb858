import type { BoxEvent, KeyDeath } from "./model.ts";

/**
 * The session that caused something: it got the news as the answer to its call and is left out of
 * the push. Compared by identity only.
 */
export type Origin = object;

/** News of the world, for those who push them to clients. */
export type WorldEvent =
  | {
      readonly kind: "account-box";
      readonly account: bigint;
      readonly event: BoxEvent;
      readonly origin: Origin | null;
    }
  | {
      readonly kind: "channel-box";
      readonly channel: bigint;
      readonly event: BoxEvent;
      readonly origin: Origin | null;
    }
  | {
      readonly kind: "channel-read";
      readonly account: bigint;
      readonly channel: bigint;
      readonly maxId: number;
      readonly origin: Origin | null;
    }
  | {
      readonly kind: "membership";
      readonly account: bigint;
      readonly channel: bigint;
      readonly origin: Origin | null;
    }
  | { readonly kind: "login-token"; readonly keyId: string }
  | { readonly kind: "new-login"; readonly account: bigint; readonly keyId: string }
  | { readonly kind: "key-died"; readonly keyId: string; readonly why: KeyDeath | null }
  | { readonly kind: "founded" };
