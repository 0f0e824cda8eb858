import { writeFileSync } from "node:fs";

/**
 * A clock for the processes of a host (supervisor and workers) that jumps a day away from the clock
 * of the bot and Redis. Durations do not change. A module that Node loads before the program,
 * because not every machine has `faketime`.
 */
export class MovedClock {
  readonly #file: string;
  /** Environment variables that the fleet needs. */
  readonly env: Readonly<Record<string, string>>;

  /** `dir`: a folder for its two files. */
  constructor(dir: string) {
    this.#file = `${dir}/clock-ahead-ms`;
    const module = `${dir}/moved-clock.mjs`;
    writeFileSync(module, moduleReading(this.#file));
    this.env = { NODE_OPTIONS: `--import=${module}` };
    this.set(0);
  }

  /** All processes of the host follow within {@link LOOK_MS}. */
  set(aheadMs: number): void {
    writeFileSync(this.#file, String(aheadMs));
  }
}

/** Longest time until a process follows the change. */
export const LOOK_MS = 100;

function moduleReading(file: string): string {
  return `
import { readFileSync } from "node:fs";
if (/(supervisor|worker)\\/src\\/main\\.ts$/.test(process.argv[1] ?? "")) {
  const Real = Date;
  let ahead = 0;
  const look = () => { ahead = Number(readFileSync(${JSON.stringify(file)}, "utf8")) || 0; };
  look();
  setInterval(look, ${LOOK_MS}).unref();
  const now = () => Real.now() + ahead;
  globalThis.Date = new Proxy(Real, {
    construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made),
    apply: () => new Real(now()).toString(),
    get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
  });
}
`;
}
