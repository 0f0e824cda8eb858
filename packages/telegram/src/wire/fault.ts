import { AppError, withoutUndefined } from "@flotilla/kernel";

/** Why a link ended. */
export type LinkLostReason =
  | "stopped"
  | "socket"
  | "connect"
  | "connect-timeout"
  | "ping-timeout"
  | "unknown-key"
  | "transport"
  | "refused";

/** The error of everything under way on a link that ended. AppError `link-lost`. */
export function linkLost(
  reason: LinkLostReason,
  cause?: unknown,
  transport?: number,
): AppError<"link-lost"> {
  return new AppError("link-lost", TEXT[reason], {
    cause,
    details: { reason, ...withoutUndefined({ transport }) },
  });
}

const TEXT: Readonly<Record<LinkLostReason, string>> = {
  stopped: "The connection was stopped.",
  socket: "The server closed the connection.",
  connect: "No connection to the server.",
  "connect-timeout": "The server accepted the connection but did not answer.",
  "ping-timeout": "The server does not answer any more.",
  "unknown-key": "The server does not know the key of this session.",
  transport: "The server refused the connection.",
  refused: "The server refused this session.",
};

/** Reason of a `link-lost` error; null for any other. */
export function lostReason(error: unknown): LinkLostReason | null {
  if (!(error instanceof AppError) || error.code !== "link-lost") return null;
  const { reason } = error.details;
  if (typeof reason === "string" && Object.hasOwn(TEXT, reason)) return reason as LinkLostReason;
  return null;
}
