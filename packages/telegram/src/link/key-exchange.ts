import { classify } from "../wire/classify.ts";
import type { Link } from "./link.ts";
import type { LinkStore } from "./link-store.ts";

/**
 * Key exchanges that fail because of bugs in GramJS are repeated: one in 256 because it drops a
 * leading zero byte of the key (docs/gramjs.md), others because it finds wrong factors and the
 * server hangs up.
 */
const KEY_ATTEMPTS = 4;
const KEY_FAULTS: ReadonlySet<string> = new Set(["key-exchange", "bad-auth-key", "link-socket"]);

/**
 * Connects a link of `open`, which makes a key when there is none yet. Errors of `Link.connect` and
 * of `open`.
 */
export async function connectWithKey(store: LinkStore, open: () => Link): Promise<Link> {
  for (let attempt = 1; ; attempt++) {
    const hadKey = store.authKey() !== null;
    const link = open();
    try {
      await link.connect();
      return link;
    } catch (error) {
      const exchangeFailed = KEY_FAULTS.has(classify(error).code);
      if (hadKey || !exchangeFailed || attempt >= KEY_ATTEMPTS) throw error;
    }
  }
}
