import type { Clock, UserId } from "@flotilla/kernel";

/** For this long after a login a secret may still come, such as a password that was sent twice. */
const AFTER_MS = 5 * 60_000;

/** Whose login ended a moment ago: what comes now may have been meant for it. In memory. */
export class EndedLately {
  readonly #clock: Clock;
  readonly #at = new Map<UserId, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(admin: UserId): void {
    this.#at.set(admin, this.#clock.now());
  }

  has(admin: UserId): boolean {
    return (
      Math.abs(this.#clock.now() - (this.#at.get(admin) ?? Number.NEGATIVE_INFINITY)) < AFTER_MS
    );
  }
}
