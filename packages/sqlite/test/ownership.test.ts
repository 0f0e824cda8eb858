import { once } from "node:events";
import { linkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { backupTo, findHolders, openDatabase, openWhenFree } from "@flotilla/sqlite";
import { type SpawnedProcess, spawnNode, tempDir } from "@flotilla/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Answer, Order } from "./fixtures/contender.ts";
import { failureOf } from "./support/databases.ts";

const CONTENDERS = 3;
type Name = "a.session" | "soft.session" | "hard.session";
type Step =
  | { readonly op: "open"; readonly who: readonly number[]; readonly name: Name }
  | { readonly op: "close" | "kill" | "freeze"; readonly who: number }
  | { readonly op: "copy" };

const who = fc.nat(CONTENDERS - 1);
const name = fc.constantFrom<Name>("a.session", "soft.session", "hard.session");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant("open" as const),
      who: fc.uniqueArray(who, { minLength: 1 }),
      name,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constantFrom("close" as const, "kill" as const, "freeze" as const),
      who,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ op: "copy" as const }) },
);

/** Processes that compete for one file, under three names of it. */
class Arena implements AsyncDisposable {
  #folder = "";
  readonly #contenders: (SpawnedProcess | undefined)[] = [];
  readonly #frozen = new Set<number>();

  /** Makes a new file in an empty folder; every living process closes the old one. */
  async begin(folder: string): Promise<void> {
    for (const i of [...this.#frozen]) await this.#freeze(i);
    for (const i of this.#contenders.keys())
      if (this.#contenders[i]) await this.#tell(i, { op: "close" });
    this.#folder = folder;
    openDatabase({ path: this.#path("a.session"), role: "session", migrations: [] }).close();
    symlinkSync(this.#path("a.session"), this.#path("soft.session"));
    linkSync(this.#path("a.session"), this.#path("hard.session"));
  }

  async take(step: Step): Promise<void> {
    if (step.op === "copy") return this.#replaceByCopy();
    if (step.op === "open") {
      await Promise.all(
        step.who.map((each) => this.#tell(each, { op: "open", path: this.#path(step.name) })),
      );
      return;
    }
    if (step.op === "close") await this.#tell(step.who, { op: "close" });
    if (step.op === "kill") await this.#kill(step.who);
    if (step.op === "freeze") await this.#freeze(step.who);
  }

  /** The owners of the file that `a.session` is now: by their own reports, and by the kernel's. */
  async owners(): Promise<{ said: number[]; kernel: number[] }> {
    const said: number[] = [];
    for (const [i, child] of this.#contenders.entries()) {
      if (!child) continue;
      const thawed = this.#frozen.has(i);
      if (thawed) child.kill("SIGCONT");
      if ((await this.#tell(i, { op: "state" })) === "owner") said.push(child.pid);
      if (thawed) child.kill("SIGSTOP");
    }
    const { holders } = await findHolders(this.#path("a.session"));
    return {
      said,
      kernel: holders.filter(({ lock }) => lock === "exclusive").map(({ pid }) => pid),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const i of this.#contenders.keys()) await this.#kill(i);
  }

  #path(name: Name): string {
    return join(this.#folder, name);
  }

  async #tell(i: number, order: Order): Promise<Answer | undefined> {
    if (this.#frozen.has(i) && order.op !== "state") return undefined;
    const child = this.#contenders[i] ?? (await this.#start(i));
    const answer = once(child.child, "message");
    child.child.send(order);
    return (await answer)[0] as Answer;
  }

  async #start(i: number): Promise<SpawnedProcess> {
    const child = spawnNode(join(import.meta.dirname, "fixtures", "contender.ts"), [], {
      ipc: true,
    });
    this.#contenders[i] = child;
    await once(child.child, "message");
    return child;
  }

  async #kill(i: number): Promise<void> {
    const child = this.#contenders[i];
    if (!child) return;
    child.kill("SIGKILL");
    await child.exited;
    this.#contenders[i] = undefined;
    this.#frozen.delete(i);
  }

  async #freeze(i: number): Promise<void> {
    const child = this.#contenders[i];
    if (!child) return;
    const frozen = this.#frozen.has(i);
    child.kill(frozen ? "SIGCONT" : "SIGSTOP");
    if (frozen) this.#frozen.delete(i);
    else this.#frozen.add(i);
  }

  /** Restores a backup over the file without telling its owners. */
  async #replaceByCopy(): Promise<void> {
    const source = this.#path("a.session");
    const copy = join(this.#folder, "copy");
    try {
      using db = openDatabase({ path: source, role: "session", migrations: [], busyTimeoutMs: 0 });
      backupTo(db, copy);
    } catch {
      return; // It has an owner, so there is no free file to copy from.
    }
    renameSync(copy, source);
    rmSync(this.#path("hard.session"));
    linkSync(source, this.#path("hard.session"));
  }
}

const runs = 8;
test.runIf(process.platform === "linux")(
  "whatever opens, closes, freezes, is killed or copied in whatever order: never two owners",
  async () => {
    let owned = 0;
    await using arena = new Arena();
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 4, maxLength: 12 }),
      async (steps) => {
        await using folder = await tempDir();
        await arena.begin(folder.path);
        for (const each of steps) {
          await arena.take(each);
          const { said, kernel } = await arena.owners();
          expect(said.length).toBeLessThanOrEqual(1);
          expect(kernel).toEqual(said);
          owned += said.length;
        }
      },
    );
    await fc.assert(property, { numRuns: runs });
    expect(owned).toBeGreaterThan(runs);
  },
  60_000,
);

test.runIf(process.platform === "linux")(
  "a file put in the place of an owned one is left alone while its owner lives",
  async () => {
    await using folder = await tempDir();
    const path = join(folder.path, "a.session");
    const options = { path, role: "session", migrations: [], exclusive: true } as const;
    const old = spawnNode(join(import.meta.dirname, "fixtures", "contender.ts"), [], { ipc: true });
    await once(old.child, "message");
    {
      using db = openDatabase(options);
      backupTo(db, join(folder.path, "copy"));
    }
    const said = async (order: Order): Promise<unknown> => {
      const answer = once(old.child, "message");
      old.child.send(order);
      return (await answer)[0];
    };
    expect(await said({ op: "open", path })).toBe("owner");
    renameSync(join(folder.path, "copy"), path);
    expect(await said({ op: "state" })).toBe("replaced");
    const error = await failureOf(openWhenFree({ ...options, budgetMs: 20 }));
    expect(error.details).toMatchObject({ holderPid: old.pid, holderLock: "open" });
    const opening = openWhenFree(options);
    old.kill("SIGKILL");
    using db = await opening;
    expect(db.stillThere()).toBe("ok");
  },
);
