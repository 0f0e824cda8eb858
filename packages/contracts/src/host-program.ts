import { z } from "zod";
import { shown } from "./shown.ts";

/** Version and commit of a checkout. `commit` null = it is no git checkout. */
export const ProgramVersion = z.object({
  version: shown(40),
  commit: z
    .string()
    .regex(/^[0-9a-f]{7,64}$/)
    .nullable(),
});
export type ProgramVersion = z.infer<typeof ProgramVersion>;

/** What starts a process of Flotilla again when it ends, by `FLOTILLA_KEPT_BY`. */
export const KeptBy = z.enum([
  "launcher",
  "systemd",
  "pm2",
  "supervisord",
  "compose",
  "kubernetes",
]);
export type KeptBy = z.infer<typeof KeptBy>;

/** The program of a supervisor: what runs, what lies on its disk, and what starts it again. */
export const HostProgram = z.object({
  /** Unique for each start of the supervisor. */
  run: z.string().max(40),
  /** Code that runs, as it was at the start. */
  runs: ProgramVersion,
  /** Code on disk now; null = it cannot be read. */
  onDisk: ProgramVersion.nullable(),
  /** False = the code on disk needs packages that are not installed. */
  isInstalled: z.boolean(),
  /** Null = nothing that is known: a supervisor that ended would stay away. */
  keptBy: KeptBy.nullable(),
});
export type HostProgram = z.infer<typeof HostProgram>;

/** Exit code of a process that ends to be started again. Any service manager takes it as an end. */
export const START_AGAIN_EXIT_CODE = 75;

/**
 * Whether programs of two versions work together: those that follow each other, the next minor one
 * or the first of the next major one (docs/runbooks/upgrade.md).
 */
export function areNeighbours(one: string, other: string): boolean {
  const [[lowMajor, lowMinor], [highMajor, highMinor]] = [numbersOf(one), numbersOf(other)].sort(
    ([a, b], [c, d]) => a - c || b - d,
  ) as [Numbers, Numbers];
  if (lowMajor === highMajor) return highMinor - lowMinor <= 1;
  return highMajor - lowMajor === 1 && highMinor === 0;
}

type Numbers = readonly [major: number, minor: number];

function numbersOf(version: string): Numbers {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor];
}

/** Whether two checkouts are of the same version and commit. */
export function isSameProgram(one: ProgramVersion, other: ProgramVersion): boolean {
  return one.version === other.version && one.commit === other.commit;
}
