import { createHash } from "node:crypto";
import { Api } from "telegram";
import { markedId } from "../wire/marked.ts";

/**
 * Subject of a call for flood waits: a chat's marked id, a login's phone number (hashed), or empty.
 */
export function peerOfCall(request: object): string {
  const { phoneNumber } = request as { phoneNumber?: unknown };
  if (typeof phoneNumber === "string")
    return `phone ${createHash("sha256").update(phoneNumber).digest("hex").slice(0, 16)}`;
  const { toPeer, peer, channel } = request as {
    toPeer?: unknown;
    peer?: unknown;
    channel?: unknown;
  };
  const about = toPeer ?? peer ?? channel;
  const isChat =
    about instanceof Api.InputPeerUser ||
    about instanceof Api.InputPeerChat ||
    about instanceof Api.InputPeerChannel ||
    about instanceof Api.InputChannel;
  if (!isChat) return "";
  return markedId(about);
}
