import { AppError } from "@flotilla/kernel";
import { findMethod } from "../botapi/methods.ts";
import type { ControlContext } from "./context.ts";

/** What a fault names. */
interface Named {
  readonly phone?: string | undefined;
  readonly keyId?: string | undefined;
  readonly dc?: number | undefined;
  /** Decimal. */
  readonly channel?: string | undefined;
  /** Of MTProto; `*` = any. */
  readonly method?: string | undefined;
  /** Of the Bot API; `*` = any. */
  readonly botMethod?: string | undefined;
}

/**
 * A fault that hits nothing would only seem to have been tried. Throws AppError `bad-request` that
 * names all that is not there.
 */
export function assertKnown(
  { world }: ControlContext,
  { phone, keyId, dc, channel, method, botMethod }: Named,
): void {
  const digits = phone?.replace(/\D/g, "");
  const unknown = [
    digits !== undefined && !world.accounts().some((each) => each.phone === digits)
      ? `no account ${phone}`
      : null,
    keyId !== undefined && !world.faults.knowsKey(keyId) ? `no key ${keyId}` : null,
    dc !== undefined && !world.faults.dcs().includes(dc)
      ? `no data centre ${dc} (there are ${world.faults.dcs().join(", ")})`
      : null,
    channel !== undefined && !world.channels().some(({ id }) => id === channel)
      ? `no channel ${channel}`
      : null,
    method !== undefined && method !== "*" && !world.faults.knowsMethod(method)
      ? `no method ${method}`
      : null,
    botMethod !== undefined && botMethod !== "*" && !findMethod(botMethod)
      ? `no method ${botMethod} of the Bot API`
      : null,
  ].filter((each) => each !== null);
  if (unknown.length > 0) throw new AppError("bad-request", `There is ${unknown.join(", ")}.`);
}
