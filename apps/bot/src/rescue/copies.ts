import { archivesIn, type KeptArchive, lookInto } from "@flotilla/archive";
import { AppError, codeOf, SerialQueue, toError } from "@flotilla/kernel";
import { openScratch } from "@flotilla/sqlite";
import { MIGRATIONS } from "../kit/schema.ts";

/** What the `control.db` of an archive holds. */
export interface CopyFacts {
  readonly workers: readonly string[];
  readonly routes: number;
  readonly admins: readonly CopiedAdmin[];
  readonly openAlerts: number;
}

/** An admin as an archive knows them. */
export interface CopiedAdmin {
  readonly id: string;
  readonly language: string | null;
  readonly zone: string | null;
}

/** An archive, and whether its `control.db` can be put back. */
export type Copy = KeptArchive &
  (
    | { readonly state: "good"; readonly facts: CopyFacts }
    | { readonly state: "useless"; readonly code: string }
  );
/** An archive whose `control.db` can be put back. */
export type GoodCopy = Extract<Copy, { state: "good" }>;

/** Parts of {@link Copies}. */
export interface CopiesDeps {
  /** BACKUP_DIR. */
  readonly folder: string;
  readonly host: string;
  readonly fleetKey: () => Buffer;
  /** Folder that is made and removed while an archive is read. */
  readonly scratch: string;
}

/** The archives of this host's data folder that the bot can reach; each is read once, to its end. */
export class Copies {
  readonly #deps: CopiesDeps;
  readonly #looked = new Map<string, Copy>();
  /** One after the other: they share a folder. */
  readonly #turns = new SerialQueue();

  constructor(deps: CopiesDeps) {
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
  async at(at: number): Promise<Copy | null> {
    const found = this.list().find((each) => each.at === at);
    return found ? await this.look(found) : null;
  }

  /** The latest one that can be put back, and what was found useless before it. */
  async latest(): Promise<{
    readonly good: GoodCopy | null;
    readonly useless: readonly Extract<Copy, { state: "useless" }>[];
  }> {
    const useless: Extract<Copy, { state: "useless" }>[] = [];
    for (const each of this.list()) {
      const copy = await this.look(each);
      if (copy.state === "good") return { good: copy, useless };
      useless.push(copy);
    }
    return { good: null, useless };
  }

  /** Reads an archive to its end. Never rejects. */
  async look(archive: KeptArchive): Promise<Copy> {
    return await this.#turns.run(() => this.#read(archive));
  }

  async #read(archive: KeptArchive): Promise<Copy> {
    const known = this.#looked.get(archive.path);
    if (known) return known;
    const copy = await this.#look(archive);
    this.#looked.set(archive.path, copy);
    return copy;
  }

  async #look(archive: KeptArchive): Promise<Copy> {
    const { fleetKey, scratch } = this.#deps;
    try {
      const options = { path: archive.path, fleetKey: fleetKey(), name: "control.db" } as const;
      const facts = await lookInto({ ...options, scratch }, (path) => factsOf(path));
      return { ...archive, state: "good", facts };
    } catch (thrown) {
      const error = toError(thrown);
      const code = codeOf(error) ?? (error as NodeJS.ErrnoException).code ?? error.name;
      return { ...archive, state: "useless", code };
    }
  }
}

function factsOf(path: string): CopyFacts {
  using db = openScratch(0);
  db.write("ATTACH DATABASE ? AS copy", [path]);
  const version = db.readOne<{ user_version: number }>("PRAGMA copy.user_version")?.user_version;
  if ((version ?? 0) > MIGRATIONS.length)
    throw new AppError("archive-newer", "a newer version of Flotilla made this archive");
  const workers = db.read<{ id: string }>("SELECT id FROM copy.worker ORDER BY id");
  const counts = db.readOne<{ routes: number; alerts: number }>(
    `SELECT (SELECT count(*) FROM copy.route) AS routes,
        (SELECT count(*) FROM copy.alert WHERE state = 'open') AS alerts`,
  );
  return {
    workers: workers.map(({ id }) => id),
    routes: counts?.routes ?? 0,
    admins: db.read<CopiedAdmin>("SELECT * FROM copy.admin").map(adminOf),
    openAlerts: counts?.alerts ?? 0,
  };
}

/** Versions before zones have none. */
function adminOf({ id, language, zone }: Partial<CopiedAdmin>): CopiedAdmin {
  return { id: id ?? "", language: language ?? null, zone: zone ?? null };
}
