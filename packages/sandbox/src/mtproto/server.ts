import type { Socket } from "node:net";
import { toError } from "@flotilla/kernel";
import type { MovableClock } from "../world/clock.ts";
import { emptyState, type WorldState } from "../world/model.ts";
import { readSnapshot, writeSnapshot } from "../world/snapshot.ts";
import { World } from "../world/world.ts";
import { ConnectionTable } from "./connections.ts";
import { RsaKey } from "./crypto/rsa.ts";
import { DataCentre } from "./data-centre.ts";
import { DifferenceFaults } from "./difference-faults.ts";
import { Faults } from "./faults.ts";
import { Inbox } from "./link/inbox.ts";
import { type AuthKey, KeyStore } from "./link/keys.ts";
import { SessionRegistry } from "./link/registry.ts";
import { Pusher } from "./pusher.ts";
import type { DcAddress, DifferenceLimits, Services } from "./rpc/call.ts";
import { Dispatcher } from "./rpc/dispatcher.ts";
import { openMethods, userMethods } from "./rpc/methods.ts";
import type { Layers } from "./tl/layers.ts";
import { UpdateFaults } from "./update-faults.ts";

/** Milliseconds for which changes are gathered before the state file is written. */
const SAVE_PAUSE_MS = 250;
/**
 * A state full of files takes long to write, and nothing else is done meanwhile: at most a
 * twentieth of the time goes there.
 */
const SAVE_SHARE = 20;

/** What survives a restart. */
interface Saved {
  readonly rsa: string;
  readonly keys: Map<string, AuthKey>;
  readonly world: WorldState;
}

interface ServerOptions {
  readonly clock: MovableClock;
  readonly listeners: readonly { id: number; host: string; port: number }[];
  readonly layers: Layers;
  readonly limits: DifferenceLimits;
  readonly stateFile: string | null;
  readonly log: (line: string) => void;
}

/** The parts of the MTProto half, put together. */
export class TelegramServer {
  readonly world: World;
  readonly rsa: RsaKey;
  readonly centres: DataCentre[];
  readonly connections: ConnectionTable;
  readonly faults: Faults;
  readonly pusher: Pusher;
  readonly dispatcher: Dispatcher;
  readonly #options: ServerOptions;
  readonly #keyMap: Map<string, AuthKey>;
  readonly #keys: KeyStore;
  readonly #sessions = new SessionRegistry();
  readonly #differences = new DifferenceFaults();
  #saveTimer: NodeJS.Timeout | null = null;
  #saveTookMs = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    const saved =
      options.stateFile === null ? null : (readSnapshot(options.stateFile) as Saved | null);
    this.rsa = saved ? RsaKey.fromPem(saved.rsa) : RsaKey.generate();
    this.#keyMap = saved?.keys ?? new Map<string, AuthKey>();
    this.#keys = new KeyStore(this.#keyMap);
    // What an older file does not have is empty.
    this.world = new World({ ...emptyState(), ...saved?.world }, options.clock);
    this.centres = options.listeners.map(
      ({ id, host, port }) =>
        new DataCentre(id, { host, port }, (dc, socket) => this.#accept(dc, socket)),
    );
    const inbox = this.#makeInbox();
    this.connections = new ConnectionTable({
      world: this.world,
      keys: this.#keys,
      clock: options.clock,
      rsa: this.rsa,
      delayMs: (connection) => this.faults.delayMs(connection),
      onPacket: (connection, packet) => {
        inbox.receive(connection, packet);
        this.#touch();
      },
    });
    this.world.onEvent(() => this.#touch());
    const updates = new UpdateFaults();
    const differences = this.#differences;
    const expireFiles = (): void => this.world.files.expire();
    const forgetKey = (keyId: string): void => this.#forgetKey(keyId);
    this.faults = new Faults({
      connections: this.connections,
      dcs: this.centres,
      updates,
      differences,
      forgetKey,
      expireFiles,
      knowsMethod: (method) => options.layers.knows(method),
      knowsKey: (keyId) => this.#keys.get(keyId) !== null,
    });
    const { world, connections } = this;
    const { layers, log } = options;
    this.pusher = new Pusher({
      world,
      keys: this.#keys,
      sessions: this.#sessions,
      connections,
      layers,
      faults: updates,
      log,
    });
    this.dispatcher = this.#makeDispatcher();
  }

  async open(): Promise<void> {
    for (const centre of this.centres) await centre.open();
  }

  /** Writes the state file, closes every connection and listener. */
  async close(): Promise<void> {
    this.faults.stop();
    const closing = this.centres.map((centre) => centre.close());
    for (const connection of this.connections.all()) connection.drop("rst");
    await Promise.all(closing);
    if (this.#saveTimer) clearTimeout(this.#saveTimer);
    this.save();
  }

  /** Something may have changed: writes the state file a moment later. */
  #touch(): void {
    if (this.#options.stateFile === null || this.#saveTimer) return;
    this.#saveTimer = setTimeout(
      () => {
        this.#saveTimer = null;
        try {
          this.save();
        } catch (error) {
          this.#options.log(`the state could not be saved: ${toError(error).message}`);
        }
      },
      Math.max(SAVE_PAUSE_MS, this.#saveTookMs * SAVE_SHARE),
    );
  }

  /** Writes the state file, if there is one. Throws the system's error, e.g. ENOSPC. */
  save(): void {
    const { stateFile } = this.#options;
    if (stateFile === null) return;
    const saved: Saved = {
      rsa: this.rsa.privatePem(),
      keys: this.#keyMap,
      world: this.world.state,
    };
    const began = performance.now();
    writeSnapshot(stateFile, saved);
    this.#saveTookMs = performance.now() - began;
  }

  addresses(): DcAddress[] {
    return this.centres.map(({ id, host, port }) => ({ id, ip: host, port }));
  }

  #makeInbox(): Inbox {
    return new Inbox({
      keys: this.#keys,
      sessions: this.#sessions,
      log: this.#options.log,
      onKeyUsed: (connection, key) => {
        this.connections.keyUsed(connection, key);
        this.faults.meet(connection);
      },
      onCall: (message) => this.dispatcher.dispatch(message),
      onKeyDestroyed: (keyId) => this.#forgetKey(keyId),
    });
  }

  #makeDispatcher(): Dispatcher {
    const { clock, layers, limits, log } = this.#options;
    const services: Services = {
      world: this.world,
      clock,
      keys: this.#keys,
      dcs: () => this.addresses(),
      limits,
      exported: new Map(),
    };
    const fault = (method: string, phones: readonly string[]): ReturnType<Faults["callFault"]> =>
      this.faults.callFault(method, phones);
    return new Dispatcher({
      services,
      layers,
      sessions: this.#sessions,
      open: openMethods,
      forUsers: this.#differences.around(userMethods),
      fault,
      log,
    });
  }

  #accept(dc: number, socket: Socket): void {
    if (this.faults.refuses(dc)) {
      socket.on("error", () => {});
      socket.resetAndDestroy();
      return;
    }
    this.faults.meet(this.connections.accept(dc, socket));
  }

  /** Forgets a key, its sessions and its login; connections that use it learn it at once. */
  #forgetKey(keyId: string): void {
    const hit = this.connections.ofKey(keyId);
    for (const key of this.#keys.family(keyId)) this.#sessions.forget(key.id);
    this.#keys.forget(keyId);
    this.world.logOut(keyId, null);
    for (const connection of hit) connection.sendTransportError(-404);
  }
}
