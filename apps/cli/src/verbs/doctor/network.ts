import { connect } from "node:net";
import { toError, withTimeout } from "@flotilla/kernel";
import type { Finding, Patient } from "./finding.ts";

const TIMEOUT_MS = 5000;
/** MTProto refuses messages that are 300 s old or 30 s ahead (https://core.telegram.org/mtproto/description#message-identifier-msg-id). */
const MAX_SKEW_MS = 20_000;
const TELEGRAM_BOT_API = "https://api.telegram.org";
/** Data centre 2, where every login begins. */
const TELEGRAM_DC = { host: "149.154.167.51", port: 443 };

/** Whether Bot API and data centre answer, and whether the clock agrees with theirs. The sandbox has both of its own. */
export async function checkNetwork({ place }: Patient): Promise<Finding[]> {
  if (place.sandbox) return [];
  const root = place.env.BOT_API_ROOT ?? TELEGRAM_BOT_API;
  return (await Promise.all([checkBotApi(root), checkDc(dcOf(place.env.MTPROTO_DC))])).flat();
}

function dcOf(address: string | undefined): { host: string; port: number } {
  if (!address) return TELEGRAM_DC;
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

async function checkBotApi(root: string): Promise<Finding[]> {
  const abort = new AbortController();
  try {
    const asked = fetch(root, { method: "HEAD", redirect: "manual", signal: abort.signal });
    const response = await withTimeout(asked, TIMEOUT_MS, () => new Error("no answer"));
    const theirs = Date.parse(response.headers.get("date") ?? "");
    const skewMs = Date.now() - theirs;
    return Number.isNaN(skewMs) || Math.abs(skewMs) < MAX_SKEW_MS ? [] : [skewed(skewMs)];
  } catch (thrown) {
    const { cause, message } = toError(thrown);
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : message;
    return [
      unreachable(`The Bot API (${root}) cannot be reached: ${reason}.`, "Without it there is no chat: no menu, and no alert."),
    ];
  } finally {
    abort.abort();
  }
}

async function checkDc({ host, port }: { host: string; port: number }): Promise<Finding[]> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const socket = connect({ host, port, timeout: TIMEOUT_MS });
  socket.once("connect", () => resolve(null));
  socket.once("timeout", () => resolve("no answer"));
  socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  const reason = await promise;
  socket.destroy();
  if (reason === null) return [];
  return [
    unreachable(
      `The Telegram data centre (${host}:${port}) cannot be reached: ${reason}.`,
      "Without it no worker can connect.",
    ),
  ];
}

function unreachable(what: string, why: string): Finding {
  return {
    check: "network",
    level: "problem",
    what,
    why,
    todo: "Check the network, the firewall and name resolution of this machine.",
  };
}

function skewed(skewMs: number): Finding {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return {
    check: "clock",
    level: "problem",
    what: `The clock of this machine is ${seconds} s ${skewMs > 0 ? "ahead" : "behind"}.`,
    why: "Telegram refuses packets from a wrong time, and leases between machines are measured by the clock.",
    todo: "Turn on time synchronisation: timedatectl set-ntp true",
  };
}
