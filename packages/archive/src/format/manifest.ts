import { z } from "zod";

/** What a file of an archive is. */
export type FileKind = "control" | "host" | "session" | "copy" | "note";

const WORKER = "[a-z][a-z0-9_-]{0,31}";
/**
 * Every name that an archive may have, from the data folder. No other one is written or read, so
 * that an archive cannot reach out of its folder.
 */
const NAMES: readonly (readonly [kind: FileKind, name: RegExp])[] = [
  ["control", /^control\.db$/],
  ["host", /^host\.db$/],
  ["session", new RegExp(`^sessions/${WORKER}\\.session$`)],
  ["copy", new RegExp(`^vault/${WORKER}/(?:golden|\\d{8}T\\d{9}Z\\.(?:trash|damaged))\\.session$`)],
  ["note", /^(?:rekeyed\.json|audit\.jsonl)$/],
  ["note", /^signed\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/],
];

/** The kind of a file by its name from the data folder; null = it does not go into an archive. */
export function kindOf(name: string): FileKind | null {
  return NAMES.find(([, form]) => form.test(name))?.[0] ?? null;
}

/** One file of an archive. */
const ArchivedFile = z.object({
  name: z.string().refine((name) => kindOf(name) !== null, "is no name of an archive"),
  kind: z.enum(["control", "host", "session", "copy", "note"]),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Number of the last migration of a database; null = it is none, or it cannot be read. */
  schema: z.number().int().nonnegative().nullable(),
  /** What was wrong with the original already; null = nothing. */
  problem: z.string().max(500).nullable(),
  /** Whose session it is; null for other files and before the first login. */
  identity: z
    .object({ fingerprint: z.string().regex(/^[0-9a-f]{16}$/), userId: z.string().nullable() })
    .nullable(),
});
export type ArchivedFile = z.infer<typeof ArchivedFile>;

/** What an archive says of itself, before its files. */
export const Manifest = z.object({
  /** Random: names this archive. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** Version of the program that made it. */
  program: z.string().regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}/),
  /** The fleet; null when it was never started. */
  fleet: z.object({ id: z.string().regex(/^[0-9a-f]{16}$/), from01: z.boolean() }).nullable(),
  /** Id of the FLEET_KEY. */
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  host: z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/),
  /** When it was made, in milliseconds since the epoch. */
  at: z.number(),
  /** Sessions and copies that could not be read, and why: they are not in it. */
  leftOut: z.array(z.object({ name: z.string().max(200), problem: z.string().max(500) })),
  files: z
    .array(ArchivedFile)
    .refine(
      (files) => new Set(files.map(({ name }) => name)).size === files.length,
      "has a name twice",
    ),
});
export type Manifest = z.infer<typeof Manifest>;

/** Names of the workers whose sessions are in an archive. */
export function workersIn({ files }: Pick<Manifest, "files">): string[] {
  return files.flatMap(({ kind, name }) =>
    kind === "session" ? name.slice("sessions/".length, -".session".length) : [],
  );
}
