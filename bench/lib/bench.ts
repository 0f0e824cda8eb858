/** One line of the table, and of the file of results. */
export interface Measured {
  /** What was measured, such as `save one entity`. */
  readonly name: string;
  /** Unit of `value`: `1/s`, `ms`, `MiB`. */
  readonly unit: string;
  readonly value: number;
  /** Of one operation, in milliseconds; null when single operations were not timed. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** How many operations stand behind it. */
  readonly n: number;
  /** Who was measured beside it in the same run, alternating; null when there was nobody. */
  readonly peer: string | null;
  /** `value` divided by the peer's, round by round, the median of that. */
  readonly ratio: number | null;
}

/** How much time there is. */
export interface BenchOptions {
  /** `--quick`: enough to see that everything works, too little to quote. */
  readonly quick: boolean;
  /** A folder of this run's own, on the disk that `--dir` names; removed afterwards. */
  readonly dir: string;
  /** Says why something was left out. It stands in the results. */
  readonly skip: (reason: string) => void;
}

/** What a `bench/<name>/<name>.bench.ts` exports as default. */
export interface Bench {
  /** One line for `npm run bench -- --list`. */
  readonly summary: string;
  run(options: BenchOptions): Promise<readonly Measured[]>;
}
