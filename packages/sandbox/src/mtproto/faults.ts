import { sleep } from "@flotilla/kernel";
import { RpcError } from "../world/errors.ts";
import type {
  CallFaultState,
  DifferenceFault,
  FaultTarget,
  UpdateFaultMode,
} from "../world/views.ts";
import type { ConnectionTable } from "./connections.ts";
import type { DataCentre } from "./data-centre.ts";
import type { DifferenceFaults } from "./difference-faults.ts";
import type { Connection } from "./link/connection.ts";
import type { UpdateFaults } from "./update-faults.ts";

type CallRule = { method: string; code: number; text: string; times: number; phone?: string };

interface FaultsOptions {
  readonly connections: ConnectionTable;
  readonly dcs: readonly DataCentre[];
  readonly updates: UpdateFaults;
  readonly differences: DifferenceFaults;
  readonly forgetKey: (keyId: string) => void;
  readonly expireFiles: () => void;
  readonly knowsMethod: (method: string) => boolean;
  readonly knowsKey: (keyId: string) => boolean;
}

/** Faults on demand. Holds the rules in force. */
export class Faults {
  readonly #options: FaultsOptions;
  readonly #stop = new AbortController();
  #delays: { target: FaultTarget; delayMs: number }[] = [];
  #silenceNew: FaultTarget[] = [];
  #refused: (number | undefined)[] = [];
  #rules: { rule: CallRule; left: number; last: string | null }[] = [];

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  /** Closes connections: `fin` politely, `rst` with a reset. Returns how many. */
  drop(target: FaultTarget, how: "fin" | "rst"): number {
    const hit = this.#matching(target);
    for (const connection of hit) connection.drop(how);
    return hit.length;
  }

  /**
   * Sends nothing and reads nothing any more on these connections until `heal`. With `open-and-new`
   * also on matching connections that are opened later: a server that accepts and never answers.
   * Returns how many are silent now.
   */
  silence(target: FaultTarget, reach: "open" | "open-and-new" = "open"): number {
    const hit = this.#matching(target);
    for (const connection of hit) connection.silence();
    if (reach === "open-and-new") this.#silenceNew.push(target);
    return hit.length;
  }

  /** The data centres there are. */
  dcs(): number[] {
    return this.#options.dcs.map(({ id }) => id);
  }

  /** Whether a layer that is spoken here has this method. */
  knowsMethod(method: string): boolean {
    return this.#options.knowsMethod(method);
  }

  /** Whether an auth key is kept here. */
  knowsKey(keyId: string): boolean {
    return this.#options.knowsKey(keyId);
  }

  /** Delays every answer by this many ms. 0 = off. */
  delay(target: FaultTarget, delayMs: number): void {
    this.#delays = this.#delays.filter((rule) => !sameTarget(rule.target, target));
    if (delayMs > 0) this.#delays.push({ target, delayMs });
  }

  /** Every file reference that was handed out so far is too old from now on. */
  expireFiles(): void {
    this.#options.expireFiles();
  }

  /** Refuses new TCP connections (closed at once) until `heal`. */
  refuse(dc?: number): void {
    this.#refused.push(dc);
  }

  /**
   * The next `times` calls of `method` (e.g. "messages.sendMessage", "*" = any) fail with this RPC
   * error. Returns how many are left, and which call was hit last.
   */
  failCalls(rule: CallRule): CallFaultState {
    const state = { rule, left: rule.times, last: null };
    this.#rules.push(state);
    return state;
  }

  /** The server forgets this auth key: transport error -404. */
  forgetKey(keyId: string): void {
    this.#options.forgetKey(keyId);
  }

  /** Closes a DC's listener and its connections, and opens it again after `downMs`. */
  async restartDc(dc: number, downMs: number): Promise<void> {
    const centre = this.#options.dcs.find((candidate) => candidate.id === dc);
    if (!centre) throw new RangeError(`there is no DC ${dc}`);
    const closed = centre.close();
    this.drop({ dc }, "rst");
    await closed;
    await sleep(downMs, this.#stop.signal);
    await centre.open();
  }

  /**
   * The next `count` pushed updates for the account are handled like this. `gap`: pts advances,
   * nothing is pushed, getDifference has it. `short`: plain texts come as updateShortMessage and
   * updateShortChatMessage also from people without an introduction.
   */
  updates(phone: string, mode: UpdateFaultMode, count: number): void {
    this.#options.updates.add(phone, mode, count);
  }

  /** Spoils answers about missed updates until `heal`. */
  differences(rule: DifferenceFault): void {
    this.#options.differences.add(rule);
  }

  /** Ends silence, delay, refuse, withheld updates and pending failCalls. */
  heal(): void {
    this.#delays = [];
    this.#silenceNew = [];
    this.#refused = [];
    this.#rules = [];
    for (const connection of this.#options.connections.all()) connection.speak();
    this.#options.updates.heal();
    this.#options.differences.heal();
  }

  /** Ends a DC restart that is under way: its promise rejects. */
  stop(): void {
    this.#stop.abort(new Error("the sandbox is closing"));
  }

  /** Delay that is in force for a connection. */
  delayMs(connection: Connection): number {
    const hit = this.#delays.filter(({ target }) => this.#matches(connection, target));
    return Math.max(0, ...hit.map((rule) => rule.delayMs));
  }

  /** Whether a DC turns new connections away. */
  refuses(dc: number): boolean {
    return this.#refused.some((refused) => refused === undefined || refused === dc);
  }

  /**
   * Applies `silence` with reach "open-and-new" to a connection that was just opened or has just
   * shown its key.
   */
  meet(connection: Connection): void {
    if (this.#silenceNew.some((target) => this.#matches(connection, target))) connection.silence();
  }

  /** Uses up one failure of a rule that fits this call. */
  callFault(method: string, phones: readonly string[]): RpcError | null {
    const hit = this.#rules.find(({ rule }) => {
      const fits = rule.method === "*" || rule.method === method;
      return fits && (rule.phone === undefined || phones.includes(rule.phone.replace(/\D/g, "")));
    });
    if (!hit) return null;
    hit.left -= 1;
    hit.last = method;
    if (hit.left <= 0) this.#rules = this.#rules.filter((rule) => rule !== hit);
    return new RpcError(hit.rule.code, hit.rule.text);
  }

  #matching(target: FaultTarget): Connection[] {
    return this.#options.connections
      .all()
      .filter((connection) => this.#matches(connection, target));
  }

  #matches(connection: Connection, target: FaultTarget): boolean {
    if (target.dc !== undefined && connection.dc !== target.dc) return false;
    if (target.keyId !== undefined && connection.keyId !== target.keyId) return false;
    return (
      target.phone === undefined ||
      this.#options.connections.phoneOf(connection) === target.phone.replace(/\D/g, "")
    );
  }
}

function sameTarget(a: FaultTarget, b: FaultTarget): boolean {
  return a.dc === b.dc && a.keyId === b.keyId && a.phone === b.phone;
}
