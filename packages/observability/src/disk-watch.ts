import { statSync } from "node:fs";
import { statfs } from "node:fs/promises";

/** A disk below the limit of free space, or without a free inode. */
export interface FullDisk {
  /** The watched folder on that disk. */
  readonly path: string;
  readonly freeMb: number;
  /** True when bytes are free but no inode for a new file. */
  readonly noInodes: boolean;
}

/** Free bytes below which a disk counts as full; on a small disk, a fiftieth of its size. */
const FULL_BYTES = 8 * 1024 * 1024;
const FULL_PART = 1 / 50;
/** A full disk is over when this many times the limit is free, so that the state does not flap. */
const OVER_FACTOR = 2;
/** Milliseconds between two checks, so that a full disk is reported within a second. */
const LOOK_MS = 500;

/** Checks the disks of some folders twice a second. A hung disk blocks no other. */
export class DiskWatch implements Disposable {
  readonly #paths: readonly string[];
  readonly #onChange: (full: readonly FullDisk[]) => void;
  readonly #timer: NodeJS.Timeout;
  #full: readonly FullDisk[] = [];
  #looking = false;

  constructor(paths: readonly string[], onChange: (full: readonly FullDisk[]) => void = () => {}) {
    this.#paths = paths;
    this.#onChange = onChange;
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
    this.#timer.unref();
  }

  /** The disks that are full now, one entry per disk. */
  get full(): readonly FullDisk[] {
    return this.#full;
  }

  /** Problems for the health endpoint, such as "disk of /data is full: 0 MB free". */
  readonly problems = (): string[] => this.#full.map(diskProblem);

  /** Checks the disks now. Never rejects. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const before = new Set(this.#full.map(({ path }) => path));
    const found = await Promise.all(
      oneOfEach(this.#paths).map((path) => fullDisk(path, before.has(path))),
    );
    this.#looking = false;
    const full = found.filter((each) => each !== null);
    const changed = full.map(({ path }) => path).join("\0") !== [...before].join("\0");
    this.#full = full;
    if (changed) this.#onChange(full);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** One English sentence without a full stop. */
export function diskProblem({ path, freeMb, noInodes }: FullDisk): string {
  if (noInodes) return `disk of ${path} has no room for new files`;
  return `disk of ${path} is full: ${freeMb} MB free`;
}

/**
 * The same without words, for texts in any language: the folder and its free space; "0 i/n" = no
 * free inode.
 */
export function diskDetail({ path, freeMb, noInodes }: FullDisk): string {
  return noInodes ? `${path}: ${freeMb} MB, 0 i/n` : `${path}: ${freeMb} MB`;
}

/** Folders that exist, one per disk. */
function oneOfEach(paths: readonly string[]): string[] {
  const devices = new Map<number, string>();
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat && !devices.has(stat.dev)) devices.set(stat.dev, path);
  }
  return [...devices.values()];
}

async function fullDisk(path: string, wasFull: boolean): Promise<FullDisk | null> {
  try {
    const { bavail, bsize, blocks, files, ffree } = await statfs(path);
    const factor = wasFull ? OVER_FACTOR : 1;
    const free = bavail * bsize;
    const noInodes = files > 0 && ffree < factor;
    if (!noInodes && free >= Math.min(FULL_BYTES, blocks * bsize * FULL_PART) * factor) return null;
    return { path, freeMb: Math.floor(free / 1024 / 1024), noInodes };
  } catch {
    return null;
  }
}
