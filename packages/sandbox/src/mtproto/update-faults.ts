import type { UpdateFaultMode } from "../world/views.ts";

/** Sends one update to the sessions it is for. */
export type Deliver = () => void;

interface Rule {
  readonly mode: UpdateFaultMode;
  left: number;
  readonly held: Deliver[];
}

/** Turns an orderly stream of updates into a disorderly one, on demand. */
export class UpdateFaults {
  readonly #rules = new Map<string, Rule[]>();

  /** Hits the next `count` updates of the account, after those that older rules hit. */
  add(phone: string, mode: UpdateFaultMode, count: number): void {
    const key = phone.replace(/\D/g, "");
    // One update alone cannot change places: the next one comes first.
    const left = mode === "reorder" ? Math.max(2, count) : count;
    this.#rules.set(key, [...(this.#rules.get(key) ?? []), { mode, left, held: [] }]);
  }

  /** Delivers an update the way the account's current rule wants it. */
  pass(phone: string, deliver: Deliver): void {
    const rule = this.#current(phone);
    if (!rule || rule.mode === "short") {
      deliver();
      return;
    }
    rule.left -= 1;
    if (rule.mode === "duplicate") {
      deliver();
      deliver();
    } else if (rule.mode !== "gap") {
      rule.held.push(deliver);
      if (rule.mode === "reorder" && rule.left === 0) release(rule.held.reverse());
    }
    if (rule.left === 0 && rule.held.length === 0) this.#drop(phone, rule);
  }

  /** Whether the next plain text has to come in its short form; uses that up. */
  takesShort(phone: string): boolean {
    const rule = this.#current(phone);
    if (rule?.mode !== "short") return false;
    rule.left -= 1;
    if (rule.left === 0) this.#drop(phone, rule);
    return true;
  }

  /** Ends all rules; what was held back goes out now. */
  heal(): void {
    const rules = [...this.#rules.values()].flat();
    this.#rules.clear();
    for (const rule of rules) release(rule.held);
  }

  #current(phone: string): Rule | undefined {
    return this.#rules.get(phone)?.find((candidate) => candidate.left > 0);
  }

  #drop(phone: string, gone: Rule): void {
    this.#rules.set(phone, this.#rules.get(phone)?.filter((rule) => rule !== gone) ?? []);
  }
}

function release(held: Deliver[]): void {
  for (const deliver of held.splice(0)) deliver();
}
