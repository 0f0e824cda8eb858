import { type Claim, readSaying } from "./claims.ts";
import { clock, firstLine, type Happening, type Told } from "./model.ts";

/** What happened and what was told, in the order of time, one line each. */
export function storyTable(happened: readonly Happening[], told: readonly Told[]): string {
  const events = [
    ...bursts(happened).map(({ at, text }) => ({ at, line: `${clock(at)}  ${text}` })),
    ...told.map((each) => ({ at: each.at, line: `${clock(each.at)}      ${toldLine(each)}` })),
  ];
  return events
    .sort((a, b) => a.at - b.at)
    .map(({ line }) => line)
    .join("\n");
}

/** What happened at the same moment is one line. */
function bursts(happened: readonly Happening[]): { readonly at: number; readonly text: string }[] {
  const groups = Object.values(
    Object.groupBy(happened, ({ trouble, at }) => `${trouble} ${Math.round(at / 1000)}`),
  );
  return groups.flatMap((group = []) => {
    const [first] = group;
    if (!first) return [];
    const names = group.map(({ about }) => about);
    const named =
      names.length > 4 ? `${names.slice(0, 3).join(", ")} … ${names.at(-1)}` : names.join(", ");
    const over = group.flatMap((each) => each.over ?? []);
    return [
      { at: first.at, text: `HAPPENED ${first.trouble} × ${group.length}: ${named}` },
      ...(over.length > 0
        ? [{ at: Math.max(...over), text: `OVER     ${first.trouble} × ${over.length}` }]
        : []),
    ];
  });
}

function toldLine(told: Told): string {
  const saying = readSaying(told.html);
  const what = saying.kind === "alert" ? saying.claims.map(claimLine).join("; ") : screenLine(told);
  const over = saying.kind === "alert" && saying.over ? " (over)" : "";
  return (
    `${told.chat} ${told.how} ${told.message}: ` +
    `${firstLine(told)}${over}${what === "" ? "" : ` | ${what}`}`
  );
}

/** Of a screen the line below its title, which has the numbers. */
function screenLine(told: Told): string {
  return firstLine({ html: told.html.split("\n")[1] ?? "" });
}

function claimLine({ trouble, names, more }: Claim): string {
  const open = names.filter(({ over }) => !over).length;
  return `${trouble}: ${open} open, ${names.length - open} over${more > 0 ? `, ${more} without a name` : ""}`;
}
