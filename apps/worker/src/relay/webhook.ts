import { createHmac } from "node:crypto";
import type { Confirmation, Delivery, DeliveryResult } from "@flotilla/contracts";
import { SingleFlight, toError } from "@flotilla/kernel";
import { parked, webhookSecret } from "@flotilla/relay";

/** Longest wait for an answer. */
const ANSWER_MS = 10_000;
const RETRY_MS = 30_000;

/**
 * Calls webhooks, from the reader itself. A POST of JSON with `Idempotency-Key` (the same for every
 * try) and `X-Flotilla-Signature: t=<unix seconds>,v1=<HMAC-SHA256 of "<t>.<body>">`. 2xx is
 * delivered; 429 and 503 are waited for.
 */
export class WebhookSender {
  readonly #fleetKey: Buffer;
  readonly #now: () => number;
  readonly #tries = new SingleFlight<DeliveryResult>();

  constructor(fleetKey: Buffer, now: () => number) {
    this.#fleetKey = fleetKey;
    this.#now = now;
  }

  /** One try; never throws. */
  async perform(delivery: Delivery): Promise<Confirmation> {
    const { id, key, route } = delivery;
    const result = await this.#tries.run(key, () => this.#call(delivery));
    return { v: 1, kind: "confirmation", id, key, route, result };
  }

  async #call({ to, step, route, key, source }: Delivery): Promise<DeliveryResult> {
    if (to.kind !== "webhook")
      return { kind: "refused", code: "no-webhook", reason: "This is no webhook." };
    const body = JSON.stringify({ route, source, ...step });
    const at = Math.floor(this.#now() / 1000);
    const signature = createHmac("sha256", webhookSecret(this.#fleetKey, route))
      .update(`${at}.${body}`)
      .digest("hex");
    const headers = {
      "content-type": "application/json",
      "idempotency-key": key,
      "x-flotilla-signature": `t=${at},v1=${signature}`,
    };
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(new Error("no answer within 10 s")), ANSWER_MS);
    try {
      // A redirect could lead anywhere: it counts as an answer.
      const response = await fetch(to.url, {
        method: "POST",
        body,
        headers,
        redirect: "manual",
        signal: abort.signal,
      });
      await response.body?.cancel();
      return this.#judge(response, step.kind === "send" ? [source.id] : []);
    } catch (error) {
      const reason = `The webhook did not answer: ${toError(error).message}`.slice(0, 300);
      return { ...parked(RETRY_MS, this.#now()), reason };
    } finally {
      clearTimeout(timer);
    }
  }

  #judge({ status, headers }: Response, ids: (number | null)[]): DeliveryResult {
    const now = this.#now();
    const reason = `The webhook answered ${status}.`;
    if (status >= 200 && status < 300) return { kind: "done", ids, at: now };
    if (status === 429 || status === 503) {
      const waitS = Number(headers.get("retry-after"));
      return { ...parked(waitS > 0 && waitS < 86_400 ? waitS * 1000 : RETRY_MS, now), reason };
    }
    if (status === 400 || status === 413 || status === 422)
      return { kind: "refused", code: `http-${status}`, reason };
    if (status >= 500) return { ...parked(RETRY_MS, now), reason };
    return { kind: "blocked", code: `http-${status}`, reason };
  }
}
