import { codeOf, SerialQueue, toError } from "@flotilla/kernel";
import { archivesIn, type KeptArchive } from "./kept.ts";
import type { DatabaseName } from "./put-back.ts";
import { lookInto } from "./restore-one.ts";

/** An archive, and whether its database can be used; `facts`: what was read from it. */
export type Copy<Facts> = KeptArchive &
  (
    | { readonly state: "good"; readonly facts: Facts }
    | { readonly state: "useless"; readonly code: string }
  );
/** An archive whose database can be used. */
export type GoodCopy<Facts> = Extract<Copy<Facts>, { state: "good" }>;
/** An archive whose database cannot be used; `code` says why. */
export type UselessCopy<Facts> = Extract<Copy<Facts>, { state: "useless" }>;

/** Parts of {@link Copies}. */
export interface CopiesDeps<Facts> {
  /** BACKUP_DIR. */
  readonly folder: string;
  readonly host: string;
  readonly fleetKey: () => Buffer;
  /** The database that is wanted. */
  readonly name: DatabaseName;
  /** Folder that is made and removed while an archive is read. */
  readonly scratch: string;
  /** Reads the unpacked database; what it throws makes the archive useless. */
  readonly read: (path: string) => Facts;
}

/**
 * The archives of one host's data folder, for one of its databases; each is read once, to its end.
 */
export class Copies<Facts> {
  readonly #deps: CopiesDeps<Facts>;
  readonly #looked = new Map<string, Copy<Facts>>();
  /** One after the other: they share a folder. */
  readonly #turns = new SerialQueue();

  constructor(deps: CopiesDeps<Facts>) {
    this.#deps = deps;
  }

  /** Their names say when they were made; the latest first. */
  list(): readonly KeptArchive[] {
    return archivesIn(this.#deps.folder, this.#deps.host);
  }

  /** What was useless is looked at once more: it may have been replaced since. */
  lookAgain(): void {
    for (const [path, { state }] of this.#looked)
      if (state === "useless") this.#looked.delete(path);
  }

  /** Null: there is none of this time. `at`: milliseconds since the epoch. */
  async at(at: number): Promise<Copy<Facts> | null> {
    const found = this.list().find((each) => each.at === at);
    return found ? await this.look(found) : null;
  }

  /**
   * The latest one that can be used, and what was found useless before it. `before`: milliseconds
   * since the epoch; later ones are passed over.
   */
  async latest(before = Number.POSITIVE_INFINITY): Promise<{
    readonly good: GoodCopy<Facts> | null;
    readonly useless: readonly UselessCopy<Facts>[];
  }> {
    const useless: UselessCopy<Facts>[] = [];
    for (const each of this.list()) {
      if (each.at >= before) continue;
      const copy = await this.look(each);
      if (copy.state === "good") return { good: copy, useless };
      useless.push(copy);
    }
    return { good: null, useless };
  }

  /** Reads an archive to its end. Never rejects. */
  async look(archive: KeptArchive): Promise<Copy<Facts>> {
    return await this.#turns.run(() => this.#read(archive));
  }

  async #read(archive: KeptArchive): Promise<Copy<Facts>> {
    const known = this.#looked.get(archive.path);
    if (known) return known;
    const copy = await this.#look(archive);
    this.#looked.set(archive.path, copy);
    return copy;
  }

  async #look(archive: KeptArchive): Promise<Copy<Facts>> {
    const { fleetKey, scratch, name, read } = this.#deps;
    try {
      const options = { path: archive.path, fleetKey: fleetKey(), name };
      return { ...archive, state: "good", facts: await lookInto({ ...options, scratch }, read) };
    } catch (thrown) {
      const error = toError(thrown);
      const code = codeOf(error) ?? (error as NodeJS.ErrnoException).code ?? error.name;
      return { ...archive, state: "useless", code };
    }
  }
}
