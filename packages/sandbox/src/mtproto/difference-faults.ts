import { RpcError } from "../world/errors.ts";
import type { Account } from "../world/model.ts";
import type { DifferenceFault } from "../world/views.ts";
import type { Method, UserCall } from "./rpc/call.ts";
import { LATER_LAYER } from "./tl/codec.ts";
import type { TlObject, TlValue } from "./tl/schema.ts";

const PLACES = ["new_messages", "other_updates", "users", "chats"] as const;

/**
 * Spoils the answers about missed updates, until it is healed. {@link DifferenceFault} says how.
 */
export class DifferenceFaults {
  #rules: DifferenceFault[] = [];

  add(rule: DifferenceFault): void {
    this.#rules.push({ ...rule, phone: rule.phone.replace(/\D/g, "") });
  }

  heal(): void {
    this.#rules = [];
  }

  /** The methods that answer about missed updates, with the faults in force. */
  around(methods: Readonly<Record<string, Method<UserCall>>>): Record<string, Method<UserCall>> {
    const entries = ["updates.getDifference", "updates.getChannelDifference"].map(
      (name): [string, Method<UserCall>] => {
        const method = methods[name];
        if (!method) throw new TypeError(`there is no method ${name}`);
        return [name, (call, query) => this.#answer(call, query, method)];
      },
    );
    return { ...methods, ...Object.fromEntries(entries) };
  }

  #answer(call: UserCall, query: TlObject, method: Method<UserCall>): TlValue {
    const channel = (query["channel"] as TlObject | undefined)?.["channel_id"]?.toString();
    const rules = this.#rules.filter((rule) => fits(rule, call.account, channel));
    const refused = rules.find(({ mode }) => mode === "refused");
    if (refused) throw new RpcError(400, refused.text ?? "CHANNEL_MONOFORUM_UNSUPPORTED");
    const answer = method(call, query) as TlObject;
    return rules.reduce((spoilt, rule) => spoil(spoilt, rule, query), answer);
  }
}

/**
 * Without a channel a rule is for the account's own box and for all its channels; with one, for
 * that one.
 */
function fits(rule: DifferenceFault, { phone }: Account, channel: string | undefined): boolean {
  return rule.phone === phone && (rule.channel === undefined || rule.channel === channel);
}

function spoil(answer: TlObject, { mode }: DifferenceFault, query: TlObject): TlObject {
  if (mode === "garbled") return { _: LATER_LAYER };
  const hasContents = Array.isArray(answer["new_messages"]);
  if (mode === "unreadable" && hasContents) return withHoles(answer);
  if (mode === "stuck" && hasContents) return asBefore(answer, query);
  return answer;
}

/** An object of a later layer more in each list. */
function withHoles(answer: TlObject): TlObject {
  const lists = PLACES.map((place): [string, TlValue] => [
    place,
    [{ _: LATER_LAYER }, ...(answer[place] as TlValue[])],
  ]);
  return { ...answer, ...Object.fromEntries(lists) };
}

/**
 * The answer to the same question again, whatever is in it: there is more, and it begins where it
 * began.
 */
function asBefore(answer: TlObject, query: TlObject): TlObject {
  const pts = query["pts"];
  if (answer._ === "updates.channelDifference") return { ...answer, pts, final: false };
  const state = (answer["state"] ?? answer["intermediate_state"]) as TlObject;
  const { state: _, ...rest } = answer;
  return {
    ...rest,
    _: "updates.differenceSlice",
    intermediate_state: { ...state, pts, qts: query["qts"] },
  };
}
