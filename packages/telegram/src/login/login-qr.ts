import { type Clock, Deadline, sleep } from "@flotilla/kernel";
import { Api } from "telegram";
import type { ApiCredentials } from "../link/account-options.ts";
import { lostReason } from "../wire/fault.ts";
import type { LoginLink } from "./login-link.ts";
import { answered, type QrToken } from "./login-result.ts";

/** Link, listeners and limits of {@link runQr}. */
export interface QrRun {
  readonly link: LoginLink;
  readonly api: ApiCredentials;
  readonly limitMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly onToken: (token: QrToken) => void;
  /** Registers the listener for the server's "scanned" (`updateLoginToken`). */
  readonly onScan: (listener: () => void) => void;
}

const MAX_FAILURES = 3;
const PAUSE_MS = 1000;
/** Least and most milliseconds that a token is shown, because the server's clock may differ. */
const MIN_SHOW_MS = 2000;
const MAX_SHOW_MS = 60_000;

/**
 * Logs in by QR code (https://core.telegram.org/api/qr-login): exports tokens until one is scanned,
 * and follows the account to its data centre. Rejects with `signal.reason` when aborted, and with
 * errors of the server or the network.
 */
export async function runQr(
  run: QrRun,
): Promise<Api.auth.TypeAuthorization | "password-needed" | "qr-expired"> {
  const deadline = new Deadline(run.limitMs, run.clock);
  let failures = 0;
  while (!deadline.isOver) {
    run.signal.throwIfAborted();
    const scan = new AbortController();
    run.onScan(() => scan.abort());
    try {
      const answer = await exportToken(run);
      failures = 0;
      if (answer instanceof Api.auth.LoginTokenSuccess) return answer.authorization;
      // A lost connection misses the scan: continue as if the token had expired.
      void (await run.link.ready()).ended.then(() => scan.abort());
      if (answer instanceof Api.auth.LoginToken) await show(answer, run, deadline, scan.signal);
    } catch (error) {
      if (answered(error, "SESSION_PASSWORD_NEEDED")) return "password-needed";
      const stale = answered(
        error,
        "AUTH_TOKEN_EXPIRED",
        "AUTH_TOKEN_INVALID",
        "AUTH_TOKEN_ALREADY_ACCEPTED",
      );
      if (!stale && lostReason(error) === null) throw error;
      if (++failures > MAX_FAILURES) throw error;
      await sleep(PAUSE_MS, run.signal);
    } finally {
      run.onScan(() => {});
    }
  }
  return "qr-expired";
}

async function exportToken({ link, api }: QrRun): Promise<Api.auth.TypeLoginToken> {
  const answer = await link.invoke(
    new Api.auth.ExportLoginToken({ apiId: api.id, apiHash: api.hash, exceptIds: [] }),
  );
  if (!(answer instanceof Api.auth.LoginTokenMigrateTo)) return answer;
  await link.moveTo(answer.dcId);
  return await link.invoke(new Api.auth.ImportLoginToken({ token: answer.token }));
}

/** Shows a token until it is scanned or expires. */
async function show(
  token: Api.auth.LoginToken,
  run: QrRun,
  deadline: Deadline,
  scanned: AbortSignal,
): Promise<void> {
  const expiresAt = token.expires * 1000;
  run.onToken({ url: `tg://login?token=${token.token.toString("base64url")}`, expiresAt });
  const validMs = Math.min(Math.max(expiresAt - run.clock.now(), MIN_SHOW_MS), MAX_SHOW_MS);
  const showMs = Math.min(validMs, deadline.leftMs);
  await sleep(showMs, AbortSignal.any([scanned, run.signal])).catch(() => {});
  run.signal.throwIfAborted();
}
