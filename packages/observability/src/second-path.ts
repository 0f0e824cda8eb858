import { withTimeout } from "@flotilla/kernel";
import { createTransport } from "nodemailer";

/** Where messages go when the chat is not enough. All may be null. */
export interface SecondPathPlaces {
  /** Gets a POST with JSON. */
  readonly webhookUrl: string | null;
  /** `smtp://user:password@host:port` or `smtps://…`. */
  readonly smtpUrl: string | null;
  readonly mailTo: string | null;
}

/** A message for the second path. */
export interface SecondPathMessage {
  /** One sentence: the subject of the mail. */
  readonly reason: string;
  /** Lines of the mail. */
  readonly lines: readonly string[];
  /** Body of the POST, which gets `source` and `reason` as well. */
  readonly json: Readonly<Record<string, unknown>>;
}

const TIMEOUT_MS = 10_000;

/** Whether there is somewhere to go. */
export function hasSecondPath({ webhookUrl, smtpUrl, mailTo }: SecondPathPlaces): boolean {
  return webhookUrl !== null || (smtpUrl !== null && mailTo !== null);
}

/**
 * Sends a message by webhook and by e-mail. Rejects when none of them took it within 10 s; the
 * error may hold an address with its password: log its name only.
 */
export async function sendBySecondPath(
  { webhookUrl, smtpUrl, mailTo }: SecondPathPlaces,
  { reason, lines, json }: SecondPathMessage,
): Promise<void> {
  const sent: Promise<void>[] = [];
  if (webhookUrl !== null) {
    const body = JSON.stringify({ source: "flotilla", reason, ...json });
    const headers = { "content-type": "application/json" };
    sent.push(requestOnce(webhookUrl, { method: "POST", headers, body }));
  }
  if (smtpUrl !== null && mailTo !== null) sent.push(mail(smtpUrl, mailTo, reason, lines));
  const results = await Promise.allSettled(sent);
  const refused = results.find((result) => result.status === "rejected");
  if (refused && results.every((result) => result.status === "rejected")) throw refused.reason;
}

/** One HTTP request of at most 10 s. Rejects on any status but 2xx. */
export async function requestOnce(url: string, init: RequestInit): Promise<void> {
  const stop = new AbortController();
  const late = (): Error => new Error("timeout");
  const answer = await withTimeout(
    fetch(url, { ...init, signal: stop.signal }),
    TIMEOUT_MS,
    late,
  ).finally(() => stop.abort());
  if (!answer.ok) throw new Error(`status ${answer.status}`);
}

async function mail(
  url: string,
  to: string,
  subject: string,
  lines: readonly string[],
): Promise<void> {
  const transport = createTransport(url, { from: "flotilla@localhost" });
  try {
    const sent = transport.sendMail({
      to,
      subject: `Flotilla: ${subject}`,
      text: lines.join("\n"),
    });
    await withTimeout(sent, TIMEOUT_MS, () => new Error("timeout"));
  } finally {
    transport.close();
  }
}
