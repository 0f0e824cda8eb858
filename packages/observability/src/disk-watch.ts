import { statSync } from "node:fs";
import { statfs } from "node:fs/promises";

/** A disk that is as good as full. */
export interface FullDisk {
  /** The folder that was looked at. */
  readonly path: string;
  readonly freeMb: number;
  /** There is room, but for no new file. */
  readonly noInodes: boolean;
}

/** Less than this is full, or less than a fiftieth of a small disk. */
const FULL_BYTES = 8 * 1024 * 1024;
const FULL_PART = 1 / 50;
/** So much more must be free until it is over: no flapping at the edge. */
const OVER_FACTOR = 2;
/** A full disk is named within a second. */
const LOOK_MS = 500;

/** The disks of some folders, looked at twice a second. A disk that hangs holds nothing up. */
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

  /** Those that are full now, one of each disk. */
  get full(): readonly FullDisk[] {
    return this.#full;
  }

  /** For the health endpoint, such as "disk of /data is full: 0 MB free". */
  readonly problems = (): string[] => this.#full.map(diskProblem);

  /** Looks now. Never rejects. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const before = new Set(this.#full.map(({ path }) => path));
    const found = await Promise.all(oneOfEach(this.#paths).map((path) => fullDisk(path, before.has(path))));
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

/** One sentence without an end. */
export function diskProblem({ path, freeMb, noInodes }: FullDisk): string {
  return noInodes ? `disk of ${path} has no room for new files` : `disk of ${path} is full: ${freeMb} MB free`;
}

/** The same for people of every language: the folder, and what is free there; "0 i/n": there is no inode for a new file. */
export function diskDetail({ path, freeMb, noInodes }: FullDisk): string {
  return noInodes ? `${path}: ${freeMb} MB, 0 i/n` : `${path}: ${freeMb} MB`;
}

/** Folders that are there, one of each disk. */
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
