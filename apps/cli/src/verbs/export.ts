import { writeFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import { resolve } from "node:path";
import { AppError } from "@flotilla/kernel";
import {
  type ExportFormat,
  exportSession,
  exportTelethonFile,
  type OwnServer,
  openIdle,
} from "@flotilla/session-store";
import { audit } from "./audit.ts";
import { workerName } from "./import.ts";
import { type Answer, type Call, noMoreThan, type Verb, WrongUsage, word } from "./verb.ts";

const USAGE = `Usage: flotilla export <worker> --format <telethon | gramjs | telethon-file> --yes [--out <file>]
                       [--server <address:port>] [--json]

Writes the session of a stopped worker as a session string, or as a .session file of Telethon with its known users and
chats and its update state. Records the export in audit.jsonl of the data folder. With that string anyone can use the
account, without a code and without a password. Flotilla must not use the session while another program does.

  --format <name>   telethon or gramjs: a string; telethon-file: a .session file of version 7
  --out <file>      a new file that only you can read (0600); needed for telethon-file. Without it the string goes to
                    standard output, which must be a pipe or a file: a terminal keeps what it has shown
  --server <a:p>    IPv4 address and port of your own server (MTPROTO_DC, the sandbox)
  --yes             always needed: an export hands over the account
  --json            one JSON object on standard output; needs --out
`;

export const exportVerb: Verb = {
  name: "export",
  usage: USAGE,
  options: {
    format: { type: "string" },
    out: { type: "string" },
    yes: { type: "boolean" },
    server: { type: "string" },
  },
  async run(call): Promise<Answer> {
    noMoreThan(call, 1);
    const name = workerName(word(call, 0, "which worker's session to export"));
    const format = formatOf(call);
    const server = serverOf(call);
    const out = call.flags["out"];
    checkConsent(call);
    const { sessions: dir } = call.place;
    using store = openIdle({ dir, name, fleetKey: call.place.fleetKey() });
    const text = exportSession(store, format === "telethon-file" ? "telethon" : format, server);
    const to = typeof out === "string" ? resolve(call.place.cwd, out) : "standard output";
    audit(call.place, {
      what: "export",
      worker: name,
      format,
      fingerprint: store.fingerprint() ?? "",
      to,
    });
    if (typeof out !== "string") return { exitCode: 0, text: `${text}\n`, data: {} };
    const file = resolve(call.place.cwd, out);
    if (format === "telethon-file") exportTelethonFile(store, file, server);
    else writeNew(file, text);
    const lines =
      `Wrote the session of "${name}" to ${file} (0600). This file is the account: delete it after use.\n` +
      "Remove the worker from the fleet before another program uses the session, or Telegram " +
      "ends it for both.\n";
    return { exitCode: 0, text: lines, data: { worker: name, format, file } };
  },
};

function formatOf({ flags }: Call): ExportFormat | "telethon-file" {
  const { format, out } = flags;
  if (format === "telethon" || format === "gramjs") return format;
  if (format !== "telethon-file")
    throw new WrongUsage("Say the format: --format telethon, gramjs or telethon-file.");
  if (typeof out === "string" && out.endsWith(".session")) return format;
  throw new WrongUsage(
    "A Telethon file needs a name: --out <file>.session, or Telethon does not find it.",
  );
}

function serverOf({ flags }: Call): OwnServer | null {
  const { server } = flags;
  if (typeof server !== "string") return null;
  const [address = "", port = "", ...more] = server.split(":");
  if (
    isIPv4(address) &&
    /^[1-9][0-9]{0,4}$/.test(port) &&
    Number(port) < 65_536 &&
    more.length === 0
  )
    return { address, port: Number(port) };
  throw new WrongUsage(`${server} is no address of a server: write --server 127.0.0.1:7443.`);
}

function checkConsent({ flags }: Call): void {
  if (flags["yes"] !== true)
    throw new WrongUsage(
      "An exported session is the account itself, without code and password. Add --yes if that " +
        "is what you want.",
    );
  if (typeof flags["out"] === "string") return;
  if (flags["json"] === true)
    throw new WrongUsage("With --json the session goes to a file: add --out <file>.");
  if (process.stdout.isTTY)
    throw new WrongUsage(
      "A terminal keeps what it has shown. Write to a file that only you can read: --out <file>.",
    );
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, `${text}\n`, { flag: "wx", mode: 0o600, flush: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why =
      code === "EEXIST"
        ? "It exists already and is not overwritten."
        : `The system says ${code ?? "no"}.`;
    throw new AppError(
      "export-file",
      `The file ${path} cannot be written. ${why} Nothing was exported.`,
      { cause },
    );
  }
}
