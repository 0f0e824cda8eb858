/** Troubles that a story can play, and the others that the chat has words for. */
export type Trouble =
  | "crash"
  | "gave-up"
  | "ended"
  | "banned"
  | "offline"
  | "locked"
  | "broken"
  | "gap"
  | "network"
  | "redis"
  | "host"
  | "supervisor"
  | "away";

/** One trouble that a message names, of one worker or of several. */
export interface Claim {
  readonly trouble: Trouble;
  readonly names: readonly { readonly about: string; readonly over: boolean }[];
  /** Those that are counted without a name. */
  readonly more: number;
  /** How many the text says; null = it names the only one. */
  readonly count: number | null;
  /** How many workers the fleet has, as the text says. */
  readonly of: number | null;
}

/** What a message of the bot says. */
export type Saying =
  /** A live screen, edited in place. */
  | { readonly kind: "screen" }
  /**
   * An alert. `n`: of `#A104`; `since`: `08:00:00`, in UTC; `lone`: the reply that tells of the
   * end, without the facts.
   */
  | {
      readonly kind: "alert";
      readonly n: number | null;
      readonly since: string | null;
      readonly over: boolean;
      readonly lone: boolean;
      /** Of several, how many are well again, with and without a name. */
      readonly wellAgain: number;
      readonly claims: readonly Claim[];
    }
  | { readonly kind: "unknown" };

const SINGLE: readonly (readonly [Trouble, RegExp])[] = [
  ["crash", /❌ <b>([^<]+)<\/b> crashed \(/],
  ["gave-up", /❌ <b>([^<]+)<\/b> gave up \(/],
  ["ended", /🔑 <b>([^<]+)<\/b> needs login/],
  ["banned", /🔑 <b>([^<]+)<\/b>: account frozen/],
  ["offline", /🔌 <b>([^<]+)<\/b> has been offline/],
  ["network", /🔌 <b>([^<]+)<\/b>: .*offline since/],
  ["redis", /🔌 <b>(Redis) away<\/b>/],
  ["locked", /💾 <b>([^<]+)<\/b>: session file in use/],
  ["broken", /🧯 <b>([^<]+)<\/b>: its session file/],
  ["gap", /🔍 <b>([^<]+)<\/b> lost messages/],
  ["host", /🖥 <b>([^<]+)<\/b> does not answer/],
  ["supervisor", /🖥 <b>([^<]+)<\/b>: its supervisor (?:ended|keeps ending)/],
  ["away", /<b>(Flotilla|The bot) was not running<\/b>/],
];

const SEVERAL: readonly (readonly [Trouble, RegExp])[] = [
  ["crash", /❌ <b>(\d+) of (\d+) workers crashed<\/b>/],
  ["gave-up", /❌ <b>(\d+) of (\d+) workers gave up<\/b>/],
  ["ended", /🔑 <b>(\d+) of (\d+) workers need a login<\/b>/],
  ["banned", /🔑 <b>(\d+) of (\d+) accounts frozen/],
  ["offline", /🔌 <b>(\d+) of (\d+) workers offline<\/b>/],
  ["locked", /💾 <b>(\d+) of (\d+) workers: session file in use<\/b>/],
  ["broken", /🧯 <b>(\d+) of (\d+) workers: session file cannot/],
];

/** Reads a message of the bot, in English and as HTML, as the sandbox recorded it. */
export function readSaying(html: string): Saying {
  if (html.includes("<i>updated ")) return { kind: "screen" };
  const rows = html.split("\n");
  const claims = rows.flatMap((row, index) => claimOf(row, rows[index + 1] ?? ""));
  const solved = /^✅ (?:<b>[^<]+<\/b> )?#A(\d+)/.exec(html);
  const since = /^(?:<i>)?Since (\d\d:\d\d:\d\d) UTC · \S+ · #A(\d+)/m.exec(html);
  const n = solved?.[1] ?? since?.[2];
  if (n === undefined && claims.length === 0) return { kind: "unknown" };
  return {
    kind: "alert",
    n: n === undefined ? null : Number(n),
    since: since?.[1] ?? null,
    over: solved !== null,
    lone: solved !== null && claims.length === 0,
    wellAgain: Number(/^✅ (\d+) well again/m.exec(html)?.[1] ?? 0),
    claims,
  };
}

function claimOf(row: string, next: string): Claim[] {
  for (const [trouble, pattern] of SEVERAL) {
    const found = pattern.exec(row);
    if (!found) continue;
    const names = [...next.matchAll(/✅ <s>([^<]+)<\/s>|<b>([^<]+)<\/b>/g)].map(
      ([, over, open]) => ({
        about: over ?? open ?? "",
        over: over !== undefined,
      }),
    );
    const more = Number(/… and (\d+) more/.exec(next)?.[1] ?? 0);
    return [{ trouble, names, more, count: Number(found[1]), of: Number(found[2]) }];
  }
  for (const [trouble, pattern] of SINGLE) {
    const about = pattern.exec(row)?.[1];
    const over = row.startsWith("✅ <s>");
    if (about !== undefined)
      return [{ trouble, names: [{ about, over }], more: 0, count: null, of: null }];
  }
  return [];
}
