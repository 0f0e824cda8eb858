import { systemClock } from "@flotilla/kernel";

const DAY_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
/** The last millisecond that a Date can hold. */
const LAST_MS = 8.64e15;
/** A time as processes write it into their own texts: always UTC. */
const WRITTEN = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z/g;

/** A date and a time of day in one time zone. `month` is 1 to 12. */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

/**
 * Times in one time zone, as the reader sees them: every time that the chat shows goes through here
 * (field fault D6). `at` is always milliseconds since the Unix epoch.
 */
export class Times {
  /**
   * A name that Intl takes, such as `Europe/Berlin` or `+05:30`. Null: the zone of the fleet, which
   * is that of this process (`TZ`).
   */
  readonly zone: string | null;
  readonly #format: Intl.DateTimeFormat | null;

  constructor(zone: string | null) {
    this.zone = zone;
    this.#format =
      zone === null
        ? null
        : new Intl.DateTimeFormat("sv-SE", {
            timeZone: zone,
            dateStyle: "short",
            timeStyle: "medium",
          });
  }

  /** `12:04:31`, the same in every language; with its date when that is not today. */
  clock(at: number, now = systemClock.now()): string {
    const text = this.date(at);
    return text.slice(0, 10) === this.date(now).slice(0, 10) ? text.slice(11) : text;
  }

  /** `2026-08-22 12:04:27`. */
  date(at: number): string {
    if (!(Math.abs(at) <= LAST_MS)) return "?";
    return this.#format ? this.#format.format(at) : new Date(at).toLocaleString("sv-SE");
  }

  /** The zone at that time, such as `UTC` or `UTC+2`. */
  name(at: number): string {
    const timeZone = this.zone === null ? {} : { timeZone: this.zone };
    const format = new Intl.DateTimeFormat("en-GB", { ...timeZone, timeZoneName: "shortOffset" });
    const parts = format.formatToParts(Math.abs(at) <= LAST_MS ? at : 0);
    const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
    return name.replace("GMT", "UTC").replace(/\+0$/, "");
  }

  /** Which day it is, counted from today: -1 = yesterday, 1 = tomorrow. */
  daysFromToday(at: number, now = systemClock.now()): number {
    const midnight = (time: number): number =>
      Date.parse(`${this.date(time).slice(0, 10)}T00:00:00Z`);
    return Math.round((midnight(at) - midnight(now)) / DAY_MS);
  }

  wall(at: number): WallTime {
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = this.date(at)
      .split(/\D/)
      .map(Number);
    return { year, month, day, hour, minute };
  }

  /**
   * When it is that time there, or null: no calendar has it, or the clocks skip it. Of an hour that
   * comes twice it is one of both.
   */
  at({ year, month, day, hour, minute }: WallTime): number | null {
    const asUtc = Date.UTC(year, month - 1, day, hour, minute);
    const offsets = [-DAY_MS, 0, DAY_MS].map((away) => this.#offsetMs(asUtc + away));
    const found = offsets
      .map((offset) => asUtc - offset)
      .find((at) => at + this.#offsetMs(at) === asUtc);
    if (found === undefined) return null;
    const wall = this.wall(found);
    return wall.month === month && wall.day === day && wall.hour === hour ? found : null;
  }

  /** A text from outside with its UTC times as this reader's. */
  local(text: string): string {
    return text.replace(WRITTEN, (time) => this.clock(Date.parse(time)));
  }

  #offsetMs(at: number): number {
    const { year, month, day, hour, minute } = this.wall(at);
    return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(at / MINUTE_MS) * MINUTE_MS;
  }
}

/** In the zone of the fleet: the `TZ` of this process, or else that of its machine. */
export const FLEET_TIMES = new Times(null);
