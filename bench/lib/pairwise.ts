import type { Measured } from "./bench.ts";
import { median, quantile, rounded } from "./stats.ts";

/** One round of one contender. */
export interface Round {
  readonly operations: number;
  readonly tookMs: number;
  /** Milliseconds of single operations. */
  readonly samplesMs: readonly number[];
}

/** One implementation of the measured work. */
export interface Contender {
  readonly name: string;
  /** Works for about `forMs` milliseconds. */
  round(forMs: number): Promise<Round>;
}

/** Number and length of the rounds. */
export interface Length {
  readonly rounds: number;
  readonly roundMs: number;
}

/** A comparison needs at least ten alternating rounds. */
export function lengthOf(quick: boolean): Length {
  return quick ? { rounds: 2, roundMs: 100 } : { rounds: 11, roundMs: 1000 };
}

/**
 * Operations per second of all contenders, measured in turns so that a busy machine affects all
 * alike. The first round of each is a warm-up and does not count. Ratios are against `peer`, round
 * by round.
 */
export async function pairwise(
  contenders: readonly Contender[],
  peer: string | null,
  length: Length,
): Promise<Measured[]> {
  for (const contender of contenders) await contender.round(length.roundMs / 4);
  const rounds = contenders.map((): Round[] => []);
  for (let n = 0; n < length.rounds; n++) {
    // Alternates the order, so that no contender always follows the same one.
    const order = [...contenders.keys()];
    for (const at of n % 2 === 0 ? order : order.reverse())
      rounds[at]?.push(await roundOf(contenders[at], length.roundMs));
  }
  const peers = rounds[contenders.findIndex(({ name }) => name === peer)] ?? null;
  return contenders.map(({ name }, at) => measured(name, rounds[at] ?? [], { peer, peers }));
}

async function roundOf(contender: Contender | undefined, roundMs: number): Promise<Round> {
  return (await contender?.round(roundMs)) ?? { operations: 0, tookMs: 0, samplesMs: [] };
}

interface Peer {
  readonly peer: string | null;
  readonly peers: readonly Round[] | null;
}

function measured(name: string, rounds: readonly Round[], { peer, peers }: Peer): Measured {
  const samples = rounds.flatMap(({ samplesMs }) => samplesMs);
  const against = name === peer || peers === null ? null : peers;
  const ratios = rounds.map((round, n) => rate(round) / rate(against?.[n] ?? round));
  return {
    name,
    unit: "1/s",
    value: rounded(median(rounds.map(rate))),
    p50: rounded(median(samples)),
    p99: rounded(quantile(samples, 0.99)),
    n: samples.length,
    peer: against && peer,
    ratio: against && rounded(median(ratios)),
  };
}

function rate({ operations, tookMs }: Round): number {
  return (operations / tookMs) * 1000;
}

/** Runs a synchronous operation for one round and times each call. */
export function timed(forMs: number, operation: () => void): Round {
  const samplesMs: number[] = [];
  const started = performance.now();
  let now = started;
  while (now - started < forMs) {
    operation();
    const done = performance.now();
    samplesMs.push(done - now);
    now = done;
  }
  return { operations: samplesMs.length, tookMs: now - started, samplesMs };
}
