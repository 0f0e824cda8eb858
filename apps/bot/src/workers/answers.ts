import type {
  BackupCopy,
  CommandOutcome,
  Device,
  DoctorFinding,
  FleetEvent,
} from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";

/** What Telegram said about the logins of an account, and when. */
export interface KnownDevices {
  readonly devices: readonly Device[];
  readonly at: number;
}

/** What commands brought, for the panels that wait for it. In memory: asking again is one press. */
export class Answers {
  readonly #logs = new Map<string, readonly string[]>();
  readonly #findings = new Map<string, readonly DoctorFinding[]>();
  readonly #records = new Map<string, Extract<CommandOutcome, { kind: "record" }>>();
  readonly #copies = new Map<WorkerId, readonly BackupCopy[]>();
  readonly #devices = new Map<WorkerId, KnownDevices>();

  /** Takes the outcome of a command; most of them bring nothing. */
  keep({ worker, command, outcome, at }: Extract<FleetEvent, { kind: "command.done" }>): void {
    if (outcome.kind === "backups") this.#copies.set(worker, outcome.copies);
    if (outcome.kind === "devices") this.#devices.set(worker, { devices: outcome.devices, at });
    if (outcome.kind === "doctor") keepLatest(this.#findings, command, outcome.findings);
    if (outcome.kind === "record") keepLatest(this.#records, command, outcome);
    if (outcome.kind === "log") keepLatest(this.#logs, command, outcome.lines);
  }

  /** What a doctor command found, or null. */
  findingsOf(command: string): readonly DoctorFinding[] | null {
    return this.#findings.get(command) ?? null;
  }

  /** What a host said of its lost host.db, or null. */
  recordOf(command: string): Extract<CommandOutcome, { kind: "record" }> | null {
    return this.#records.get(command) ?? null;
  }

  /** Lines that a log command brought, or null. */
  logOf(command: string): readonly string[] | null {
    return this.#logs.get(command) ?? null;
  }

  /** The copies that were listed last; null when they never were. */
  copies(worker: WorkerId): readonly BackupCopy[] | null {
    return this.#copies.get(worker) ?? null;
  }

  /** The logins of an account as they were last asked for; null when they never were. */
  devices(worker: WorkerId): KnownDevices | null {
    return this.#devices.get(worker) ?? null;
  }
}

const KEPT = 50;

function keepLatest<T>(map: Map<string, T>, command: string, found: T): void {
  map.set(command, found);
  for (const old of [...map.keys()].slice(0, -KEPT)) map.delete(old);
}
