import type { Clock } from "@flotilla/kernel";
import type { RedisTrouble } from "@flotilla/queue";

/** Remembers since when Redis is away. */
export class RedisWatch {
  readonly #look: () => RedisTrouble | null;
  readonly #clock: Clock;
  #awaySince: number | null = null;

  constructor(look: () => RedisTrouble | null, clock: Clock) {
    this.#look = look;
    this.#clock = clock;
  }

  /** Both, for Health. */
  signs(): { readonly redisAwaySince: number | null; readonly redisTrouble: RedisTrouble | null } {
    return { redisAwaySince: this.awaySince(), redisTrouble: this.trouble() };
  }

  /** What is the matter with it now. */
  trouble(): RedisTrouble | null {
    return this.#look();
  }

  awaySince(): number | null {
    this.#awaySince = this.#look() === null ? null : (this.#awaySince ?? this.#clock.now());
    return this.#awaySince;
  }
}
