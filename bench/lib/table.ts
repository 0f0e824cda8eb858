import type { Measured } from "./bench.ts";

const COLUMNS = ["name", "value", "unit", "p50 ms", "p99 ms", "n", "ratio", "peer"] as const;

/** The results of one bench as lines for a terminal. */
export function table(results: readonly Measured[]): string {
  const rows = [
    COLUMNS.map(String),
    ...results.map(({ name, value, unit, p50, p99, n, peer, ratio }) => [
      name,
      String(value),
      unit,
      shown(p50),
      shown(p99),
      String(n),
      ratio === null ? "" : `${ratio} ×`,
      peer ?? "",
    ]),
  ];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) =>
      `  ${row.map((cell, at) => aligned(cell, widths[at] ?? 0, at)).join("  ")}`.trimEnd(),
    )
    .join("\n");
}

function aligned(cell: string, width: number, column: number): string {
  return column === 0 || column === 2 || column === 7 ? cell.padEnd(width) : cell.padStart(width);
}

function shown(value: number | null): string {
  return value === null ? "" : String(value);
}
