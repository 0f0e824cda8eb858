import { isIPv4 } from "node:net";
import { AppError } from "@flotilla/kernel";
import { homeAddress } from "../keys/checks.ts";
import type { SessionStore } from "../session/store.ts";

/** String formats that can be written. */
export type ExportFormat = "telethon" | "gramjs";

/**
 * The session as a string of another program. It gives full access to the account: the caller made
 * sure that the operator wants it, and writes it nowhere but where the operator said. Made by the
 * owner of the session. Throws AppError `no-key`, and `export-custom-server` for a session of a
 * server of one's own, which other programs would take to Telegram, unless `server` says where it
 * is.
 */
export function exportSession(
  store: SessionStore,
  format: ExportFormat,
  server: OwnServer | null = null,
): string {
  const { dcId, address, port, authKey } = exportable(store, server);
  if (format === "telethon") return telethon(dcId, address, port, authKey);
  return gramJs(dcId, address, port, authKey);
}

/** Where a server of one's own is, such as the sandbox. */
export interface OwnServer {
  /** IPv4. */
  readonly address: string;
  readonly port: number;
}

/** A key and where it is at home. */
export interface PlacedKey {
  readonly dcId: number;
  /** IPv4. */
  readonly address: string;
  readonly port: number;
  readonly authKey: Buffer;
}

/** What other programs can use of this session. Throws as {@link exportSession}. */
export function exportable(store: SessionStore, server: OwnServer | null = null): PlacedKey {
  const dc = store.dc();
  const authKey = store.authKey();
  if (store.inLogin || !dc || !authKey)
    throw new AppError("no-key", "This session is not logged in, so there is nothing to export.");
  if (dc.address === "" && server) return { dcId: dc.id, ...server, authKey };
  if (dc.address === "")
    throw new AppError(
      "export-custom-server",
      "This session belongs to a server of your own (MTPROTO_DC), such as the sandbox. Say where " +
        "it is: --server <IPv4 address>:<port>.",
    );
  return {
    dcId: dc.id,
    address: isIPv4(dc.address) ? dc.address : homeAddress(dc.id),
    port: dc.port,
    authKey,
  };
}

/** `>B4sH256s` (docs/gramjs.md). */
function telethon(dcId: number, address: string, port: number, key: Buffer): string {
  const body = Buffer.concat([
    Buffer.from([dcId]),
    Buffer.from(address.split(".").map(Number)),
    uint16(port),
    key,
  ]);
  return `1${padded(body.toString("base64url"))}`;
}

function gramJs(dcId: number, address: string, port: number, key: Buffer): string {
  const text = Buffer.from(address, "utf8");
  return `1${Buffer.concat([Buffer.from([dcId]), uint16(text.length), text, uint16(port), key]).toString("base64")}`;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function padded(text: string): string {
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}
