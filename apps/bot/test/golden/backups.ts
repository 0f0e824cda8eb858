import type { CommandOutcome, HostBackup, HostRow } from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { NOW } from "../support.ts";

const HOUR_MS = 3_600_000;
const good: NonNullable<HostBackup["good"]> = {
  at: NOW - 3 * HOUR_MS,
  bytes: 24_300_000,
  workers: 20,
  damaged: 0,
  tookMs: 2100,
  isSameDisk: false,
  isSentAway: null,
};
/** A host whose last archive was as it should be. */
export const WELL: HostBackup = {
  everyMs: 24 * HOUR_MS,
  since: NOW - 100 * HOUR_MS,
  triedAt: good.at,
  problem: null,
  good,
};
const full = { code: "sqlite-full", message: "The disk is full." };

/** A host for each thing that can be wrong with its backups. */
export const BACKUPS: Readonly<Record<string, HostBackup>> = {
  "host-well": WELL,
  "host-full": { ...WELL, problem: full },
  "host-old": { ...WELL, good: { ...good, at: NOW - 72 * HOUR_MS } },
  "host-none": { ...WELL, good: null },
  "host-hand": { ...WELL, everyMs: null, good: null },
  "host-damaged": { ...WELL, good: { ...good, damaged: 2, isSameDisk: true } },
  "host-place": { ...WELL, good: { ...good, isSameDisk: true } },
  "host-sent": { ...WELL, good: { ...good, isSameDisk: true, isSentAway: true } },
  "host-kept": {
    ...WELL,
    problem: { code: "backup-command", message: "rclone: quota exceeded (exit code 1)" },
    good: { ...good, isSentAway: false },
  },
};

/** The rows of these hosts. */
export const BACKUP_ROWS: readonly HostRow[] = Object.entries(BACKUPS).map(([host, backup]) => ({
  host: parseHostId(host),
  hosts: "several",
  at: NOW,
  backup,
}));

const [BEFORE, NO_GAIN] = [
  NOW - 3 * 3_600_000,
  { rules: 0, exits: 0, stops: [], starts: [], adds: [] },
];
const GAIN = {
  rules: 2,
  exits: 31,
  stops: ["news_2", "sport_1"].map(parseWorkerId),
  starts: ["relay_1"].map(parseWorkerId),
  adds: ["old_1"].map(parseWorkerId),
};
type Found = Extract<CommandOutcome, { kind: "record" }>;

/** What a host says of a lost host.db, by command. */
export const RECORDS: Readonly<Record<string, Found>> = {
  record: {
    kind: "record",
    at: BEFORE,
    isLost: true,
    brings: GAIN,
    useless: [{ at: NOW - 3_600_000, code: "archive-damaged" }],
  },
  "record-none": {
    kind: "record",
    at: null,
    isLost: true,
    brings: NO_GAIN,
    useless: [{ at: BEFORE, code: "wrong-fleet-key" }],
  },
  "record-over": { kind: "record", at: null, isLost: false, brings: NO_GAIN, useless: [] },
  "record-took": { kind: "record", at: BEFORE, isLost: false, brings: GAIN, useless: [] },
};
