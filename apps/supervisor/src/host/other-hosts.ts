import { type HostRow, hostsTooMany, STATUS_REFRESH_MS } from "@flotilla/contracts";
import type { Clock, HostId } from "@flotilla/kernel";
import type { PlainLog } from "@flotilla/observability";
import { type HostBoard, redisAway } from "@flotilla/queue";

export interface OtherHostsDeps {
  readonly board: Pick<HostBoard, "write" | "all" | "remove" | "trouble">;
  readonly host: HostId;
  readonly hosts: HostRow["hosts"];
  /** What the row says of this host's backups. */
  readonly backup: () => NonNullable<HostRow["backup"]>;
  /** What the row says of this host's program. */
  readonly program: () => NonNullable<HostRow["program"]>;
  /** Whether other hosts can get files from this one. */
  readonly files: boolean;
  /** What the row says of what this host can carry. */
  readonly capacity: () => NonNullable<HostRow["capacity"]>;
  readonly labels: readonly string[];
  readonly clock: Clock;
  readonly log: Pick<PlainLog, "warn">;
  readonly onError: (error: unknown) => void;
}

/** Announces this host in Redis every 10 s and reports other hosts that HOSTS=one forbids. */
export class OtherHosts {
  readonly #deps: OtherHostsDeps;
  readonly #timer: NodeJS.Timeout;
  #others = "";

  constructor(deps: OtherHostsDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.look(), STATUS_REFRESH_MS);
    void this.look();
  }

  /** For the health endpoint: an absent Redis, and hosts that HOSTS=one forbids. */
  readonly problems = (): string[] => {
    const { trouble } = this.#deps.board;
    const redis = trouble === null ? [] : [redisAway(trouble).message];
    if (this.#others === "") return redis;
    return [...redis, `HOSTS=one, but ${this.#others} runs, too`];
  };

  /** Never rejects: the next check follows in 10 s. */
  async look(): Promise<void> {
    const { board, host, clock, log, onError } = this.#deps;
    try {
      const now = clock.now();
      await board.write(this.#row(now));
      const others = hostsTooMany(await board.all(), now)
        .map((row) => row.host)
        .filter((name) => name !== host)
        .join(", ");
      if (others !== "" && others !== this.#others)
        log.warn(
          { host, others },
          "⚠️ another host runs on this Redis, and HOSTS=one on one of them: set HOSTS=several on " +
            "all, or stop one",
        );
      this.#others = others;
    } catch (error) {
      onError(error);
    }
  }

  #row(at: number): HostRow {
    const { host, hosts, backup, program, capacity, labels, files } = this.#deps;
    return {
      host,
      hosts,
      at,
      backup: backup(),
      program: program(),
      capacity: capacity(),
      labels: [...labels],
      files,
    };
  }

  /** Removes this host from the board. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#deps.board.remove(this.#deps.host).catch(this.#deps.onError);
  }
}
