import { refusal } from "./model/refusal.ts";

/** A file that came with a request. */
export interface Upload {
  name: string;
  mime: string;
  bytes: Uint8Array;
}

/**
 * The parameters of one Bot API call, wherever they came from: query, JSON body (typed values) or a
 * form (everything is text, objects are JSON). Getters return undefined for what is absent and
 * refuse what is malformed.
 */
export class Params {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #files: ReadonlyMap<string, Upload>;

  constructor(fields: ReadonlyMap<string, unknown>, files: ReadonlyMap<string, Upload>) {
    this.#fields = fields;
    this.#files = files;
  }

  /** Everything but the files, for the outbox log. */
  plain(): Record<string, unknown> {
    return Object.fromEntries(this.#fields);
  }

  text(name: string): string | undefined {
    const value = this.#fields.get(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    throw refusal(400, `parameter "${name}" must be of type String`);
  }

  integer(name: string): number | undefined {
    const raw = this.text(name);
    if (raw === undefined || raw === "") return undefined;
    const value = Number(raw);
    if (!Number.isSafeInteger(value))
      throw refusal(400, `can't parse parameter "${name}" as an integer`);
    return value;
  }

  flag(name: string): boolean {
    const raw = this.text(name)?.toLowerCase();
    return raw === "true" || raw === "1" || raw === "yes" || raw === "y";
  }

  /** An object or array, given as JSON text or (in a JSON body) as itself. */
  json(name: string): unknown {
    const value = this.#fields.get(name);
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value !== "string") return value;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      throw refusal(400, `can't parse ${name} JSON object`);
    }
  }

  /** The upload behind a value: a part with the parameter's own name, or `attach://<part>`. */
  upload(name: string, value: string | undefined = this.text(name)): Upload | undefined {
    if (value?.startsWith("attach://") !== true)
      return value === undefined ? this.#files.get(name) : undefined;
    const file = this.#files.get(value.slice("attach://".length));
    if (file === undefined)
      throw refusal(400, "file not found in the request: nothing is attached under this name");
    return file;
  }
}

/** Reads the parameters of a request. Refuses bodies it cannot read, as Telegram does. */
export async function readParams(request: Request): Promise<Params> {
  const fields = new Map<string, unknown>(new URL(request.url).searchParams);
  const files = new Map<string, Upload>();
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (request.method === "POST" && type === "application/json") await readJson(request, fields);
  else if (type === "multipart/form-data" || type === "application/x-www-form-urlencoded")
    await readForm(request, fields, files);
  return new Params(fields, files);
}

async function readJson(request: Request, fields: Map<string, unknown>): Promise<void> {
  const text = await request.text();
  if (text === "") return;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw refusal(400, "can't parse request JSON object");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw refusal(400, "object expected as request");
  for (const [name, value] of Object.entries(body)) fields.set(name, value);
}

async function readForm(
  request: Request,
  fields: Map<string, unknown>,
  files: Map<string, Upload>,
): Promise<void> {
  let form: FormData;
  try {
    form = await request.formData();
  } catch {
    throw refusal(400, "can't parse the form data of the request");
  }
  for (const [name, value] of form) {
    if (typeof value === "string") fields.set(name, value);
    else
      files.set(name, {
        name: value.name,
        mime: value.type,
        bytes: new Uint8Array(await value.arrayBuffer()),
      });
  }
}
