import { missingPackages, programAt } from "@flotilla/config";
import {
  type HostProgram,
  isSameProgram,
  KeptBy,
  type ProgramVersion,
  START_AGAIN_EXIT_CODE,
} from "@flotilla/contracts";

export interface OwnProgramDeps {
  /** The checkout that this process runs from. */
  readonly root: string;
  /** What starts this process again, as it was told; null = nothing. */
  readonly keptBy: string | null;
  /** Unique for this start. */
  readonly run: string;
}

const UNKNOWN: ProgramVersion = { version: "unknown", commit: null };

/** The program of this supervisor, and its end for another start. */
export class OwnProgram {
  /** Resolves when it is to end, so that what keeps it starts it again. */
  readonly ended: Promise<{ readonly why: string; readonly exitCode: number }>;
  readonly #deps: OwnProgramDeps;
  readonly #keptBy: KeptBy | null;
  readonly #runs: ProgramVersion;
  readonly #end: () => void;

  constructor(deps: OwnProgramDeps) {
    this.#deps = deps;
    this.#keptBy = KeptBy.safeParse(deps.keptBy).data ?? null;
    this.#runs = programAt(deps.root) ?? UNKNOWN;
    const { promise, resolve } = Promise.withResolvers<Awaited<OwnProgram["ended"]>>();
    this.ended = promise;
    this.#end = () => resolve({ why: "rolling restart", exitCode: START_AGAIN_EXIT_CODE });
  }

  /** What the host's row says; reads the disk. */
  status(): HostProgram {
    const { root, run } = this.#deps;
    const onDisk = programAt(root);
    const isSame = onDisk !== null && isSameProgram(onDisk, this.#runs);
    return {
      run,
      runs: this.#runs,
      onDisk,
      isInstalled: isSame || missingPackages(root)?.length === 0,
      keptBy: this.#keptBy,
    };
  }

  /** Ends this run; false = another run is meant, or nothing would start it again. */
  startAgain(run: string): boolean {
    if (run !== this.#deps.run || this.#keptBy === null) return false;
    this.#end();
    return true;
  }
}
