import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseWorkerId } from "@flotilla/kernel";

/** One worker of another system's configuration: its name here and its session file. */
export interface ConfiguredWorker {
  readonly name: string;
  /** The worker's name in the configuration. */
  readonly id: string;
  readonly path: string;
}

const MAX_BYTES = 1024 * 1024;
/** Folders beside the configuration that may contain a session. */
const PLACES = ["", "sessions", "session", "var", "data"];

/**
 * The workers of a Telethon manager's `config.json` with `workers[].worker_id` and `session_name`
 * (field fault C4); the session of each is `<session_name>.session`. Ignores comments and trailing
 * commas. Null when the file is no such configuration.
 */
export function readSourceConfig(path: string): ConfiguredWorker[] | null {
  if (!existsSync(path) || !statSync(path).isFile() || statSync(path).size > MAX_BYTES) return null;
  const content = tolerantJson(readFileSync(path, "utf8"));
  const workers: unknown = isObject(content) ? content["workers"] : null;
  if (!Array.isArray(workers) || workers.length === 0 || !workers.every(isObject)) return null;
  const folder = dirname(path);
  const found = workers.map(({ worker_id: id, session_name: session }) => {
    if ((typeof id !== "string" && typeof id !== "number") || typeof session !== "string")
      return null;
    return {
      id: String(id),
      name: nameFor(String(id)),
      path: fileOf(folder, session.replace(/\.session$/, "")),
    };
  });
  if (found.some((each) => each === null)) return null;
  return found.flatMap((each) => each ?? []);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function tolerantJson(text: string): unknown {
  const plain = text
    .replace(/^\uFEFF/, "")
    .replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, "$1")
    .replace(/("(?:\\.|[^"\\])*")|,(?=\s*[\]}])/g, "$1");
  try {
    return JSON.parse(plain);
  } catch {
    return null;
  }
}

function fileOf(folder: string, session: string): string {
  const candidates = PLACES.map((place) => resolve(folder, place, `${session}.session`));
  return candidates.find((each) => existsSync(each)) ?? resolve(folder, `${session}.session`);
}

/** A valid name for the worker: `Worker 1` becomes `worker_1`. */
function nameFor(id: string): string {
  const name = id
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "_")
    .replace(/^[^a-z]+/, "")
    .slice(0, 32);
  return parseWorkerId(name === "" ? `w_${id.replace(/\D/g, "")}`.slice(0, 32) : name);
}
