import { gunzipSync, gzipSync } from "node:zlib";
import { openBytes, sealBytes } from "@flotilla/archive";
import { type CommandOutcome, MoveBundle } from "@flotilla/contracts";
import { AppError, type Clock, toError, type WorkerId } from "@flotilla/kernel";
import { leaveMove, type QueuePlace, takeMove } from "@flotilla/queue";
import { packSession, type TravelFile, unpackSession, Vault } from "@flotilla/session-store";
import type { Entry, Fleet } from "../fleet/fleet.ts";
import type { SessionService } from "../fleet/session-service.ts";
import type { HostDb } from "../record/host-db.ts";
import type { Of } from "./worker-request.ts";

export interface MoverDeps {
  readonly db: HostDb;
  readonly fleet: Pick<Fleet, "forget">;
  readonly sessions: Pick<SessionService, "hasSession">;
  readonly place: QueuePlace;
  /** No other host takes the worker over any more. Throws AppError `redis-away`. */
  readonly dropStandby: (worker: WorkerId) => Promise<void>;
  readonly dataDir: string;
  readonly fleetKey: Buffer;
  readonly clock: Clock;
}

/** A command of a move, without who asked. */
type MoveRequest = Pick<
  Of<"move.pack" | "move.unpack" | "move.clear" | "move.drop">,
  "kind" | "worker" | "move"
>;

const DONE: CommandOutcome = { kind: "done" };
const LENGTH_BYTES = 4;

/**
 * This host's part in the move of a worker (ADR 17). Each command does the same when it comes
 * twice; which host may start the worker is decided by the bot, and by the lease.
 */
export class Mover {
  readonly #deps: MoverDeps;

  constructor(deps: MoverDeps) {
    this.#deps = deps;
  }

  /** Never throws: what went wrong is the outcome. */
  async carryOut(request: MoveRequest, entry: Entry): Promise<CommandOutcome> {
    try {
      return await this.#carryOut(request, entry);
    } catch (error) {
      const { code, message } = toFailure(error);
      return { kind: "failed", code, message: message.slice(0, 500) };
    }
  }

  async #carryOut({ kind, worker, move }: MoveRequest, entry: Entry): Promise<CommandOutcome> {
    switch (kind) {
      case "move.pack":
        return await this.#pack(worker, move, entry);
      case "move.unpack":
        return await this.#unpack(worker, move, entry);
      case "move.clear":
      case "move.drop":
        return await this.#leave(worker, entry);
      default:
        return kind satisfies never;
    }
  }

  async #pack(worker: WorkerId, move: string, entry: Entry): Promise<CommandOutcome> {
    const { db, place, fleetKey, dataDir, clock } = this.#deps;
    const desired = db.workers().find(({ id }) => id === worker)?.desired ?? "stopped";
    // First: a supervisor that dies now must not start it again.
    if (desired === "running") db.setDesired(worker, "stopped", clock.now());
    await entry.worker.stop(desired === "maintenance" ? "MAINTENANCE" : "STOPPED");
    const packed: { files?: readonly TravelFile[] } = {};
    const outcome = await entry.worker.whileDown(() => {
      packed.files = packSession({ dataDir, fleetKey }, worker);
      return DONE;
    });
    const { files } = packed;
    if (!files) return outcome;
    const bundle: MoveBundle = {
      v: 1,
      worker,
      desired: desired === "running" ? "stopped" : desired,
      rules: db.ownRules(worker),
      stats: db.stats(worker),
      files: files.map(({ name, content }) => ({ name, bytes: content.length })),
    };
    const sealed = await sealBytes(gzipSync(encode(bundle, files), { level: 1 }), fleetKey);
    // While it moves, its move decides who has it.
    await this.#deps.dropStandby(worker);
    await leaveMove(place, move, sealed);
    return DONE;
  }

  async #unpack(worker: WorkerId, move: string, entry: Entry): Promise<CommandOutcome> {
    const { db, place, fleetKey, dataDir, clock } = this.#deps;
    const sealed = await takeMove(place, move);
    const { bundle, files } = decode(gunzipSync(await openBytes(sealed, fleetKey, "of the move")));
    if (bundle.worker !== worker)
      return { kind: "failed", code: "bad-request", message: "The parcel is of another worker." };
    return await entry.worker.whileDown(() => {
      unpackSession({ dataDir, fleetKey }, worker, files);
      db.setDesired(worker, bundle.desired, clock.now());
      db.keepOwnRules(worker, bundle.rules, clock.now());
      if (bundle.stats) db.keepStats(worker, bundle.stats);
      return DONE;
    });
  }

  /** The worker is another host's: what is here goes to the trash of the vault, verified. */
  async #leave(worker: WorkerId, entry: Entry): Promise<CommandOutcome> {
    const { db, fleet, fleetKey, dataDir, sessions, clock } = this.#deps;
    db.setDesired(worker, "stopped", clock.now());
    await entry.worker.stop();
    const outcome = await entry.worker.whileDown(() => {
      if (sessions.hasSession(worker)) new Vault({ dataDir, fleetKey }).trash(worker);
      return DONE;
    });
    if (outcome.kind !== "done") return outcome;
    await this.#deps.dropStandby(worker);
    db.remove(worker);
    fleet.forget(worker);
    return DONE;
  }
}

function encode(bundle: MoveBundle, files: readonly TravelFile[]): Buffer {
  const text = Buffer.from(JSON.stringify(bundle));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, ...files.map(({ content }) => content)]);
}

/** The bytes are authentic: they were sealed with the FLEET_KEY. */
function decode(all: Buffer): { readonly bundle: MoveBundle; readonly files: TravelFile[] } {
  const end = LENGTH_BYTES + all.readUInt32BE();
  const bundle = MoveBundle.parse(JSON.parse(all.subarray(LENGTH_BYTES, end).toString("utf8")));
  let at = end;
  const files = bundle.files.map(({ name, bytes }) => {
    const content = all.subarray(at, at + bytes);
    at += bytes;
    return { name, content };
  });
  return { bundle, files };
}

const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "sqlite-full"]);

function toFailure(thrown: unknown): { readonly code: string; readonly message: string } {
  const error = toError(thrown);
  const code = (error as NodeJS.ErrnoException).code ?? "host-error";
  if (FULL.has(code))
    return { code: "disk-full", message: "The disk of that host is full. Nothing was put there." };
  return { code: error instanceof AppError ? code : "host-error", message: error.message };
}
