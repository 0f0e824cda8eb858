/** One line of the table, and of the file of results. */
export interface Measured {
  /** The measured operation, such as `save one entity`. */
  readonly name: string;
  /** Unit of `value`: `1/s`, `ms`, `MiB`. */
  readonly unit: string;
  readonly value: number;
  /** Percentiles of one operation in milliseconds; null when single operations were not timed. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** Number of measured operations. */
  readonly n: number;
  /** Name of the peer measured in the same run, in turns; null without a peer. */
  readonly peer: string | null;
  /** Median over all rounds of `value` divided by the peer's value. */
  readonly ratio: number | null;
}

/** The conditions of a run. */
export interface BenchOptions {
  /** `--quick`: long enough to show that the bench works, too short to quote. */
  readonly quick: boolean;
  /** A new folder on the disk of `--dir`; removed after the run. */
  readonly dir: string;
  /** Records in the results why a part was skipped. */
  readonly skip: (reason: string) => void;
}

/** The default export of a `bench/<name>/<name>.bench.ts`. */
export interface Bench {
  /** One line for `npm run bench -- --list`. */
  readonly summary: string;
  run(options: BenchOptions): Promise<readonly Measured[]>;
}
