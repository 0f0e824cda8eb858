import { html, lines } from "../kit/words/html.ts";
import type { Times } from "../kit/words/times.ts";
import type { Words } from "../kit/words/words.ts";
import type { ChartPicture } from "./picture.ts";
import { BUCKET_MS, NOTHING, plus, type Rollup } from "./rollup.ts";
import type { BucketRow } from "./rollup-store.ts";

/** What a chart covers. */
export const SPANS = ["24h", "7d"] as const;
/** A span of {@link SPANS}, as it stands in the callback data. */
export type Span = (typeof SPANS)[number];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Points of the picture, rows of the table and marks of the axis, in milliseconds. */
const STEPS: Readonly<Record<Span, { length: number; point: number; row: number; tick: number }>> =
  {
    "24h": { length: DAY_MS, point: BUCKET_MS, row: 4 * HOUR_MS, tick: 4 * HOUR_MS },
    "7d": { length: 7 * DAY_MS, point: HOUR_MS, row: DAY_MS, tick: DAY_MS },
  };

/** The stretch of time that ends with the bucket, or for 7 days the hour, that `now` is in. */
export function rangeOf(span: Span, now: number): { readonly from: number; readonly to: number } {
  const { length, point } = STEPS[span];
  const to = (Math.floor(now / point) + 1) * point;
  return { from: to - length, to };
}

/** One chart: whose, how long, and the roll-ups of `rangeOf`. `name` null: the whole fleet. */
export interface ChartOf {
  readonly words: Words;
  readonly name: string | null;
  readonly span: Span;
  readonly now: number;
  readonly rows: readonly BucketRow[];
}

/**
 * The same numbers as in the picture, as a caption of at most 1024 characters: a line per 4 hours
 * or day, and the sum.
 */
export function captionOf(chart: ChartOf): string {
  const { words, rows } = chart;
  const table = slices(chart, STEPS[chart.span].row).map(({ at, sum }) =>
    line(timeLabel(chart.span, at, words.times), sum),
  );
  const heads = ["time", "received", "relayed", "connected", "restarts", "waits"].map((key) =>
    words.text(`chart-head-${key}`),
  );
  const total = rows.reduce<Rollup>(plus, NOTHING);
  return lines(
    html`📈 <b>${titleOf(chart)}</b>`,
    html`<pre>${[columns(heads), ...table, line(words.text("chart-head-sum"), total)].join("\n")}</pre>`,
    rows.length === 0 && words.html("chart-no-data"),
    total.waits === 0 ? null : words.html("chart-longest-wait", { ms: total.longestWait }),
  ).text;
}

/** What the picture shows. */
export function pictureOf(chart: ChartOf, dark: boolean): ChartPicture {
  const { words, span, now } = chart;
  const { point, tick } = STEPS[span];
  const { from, to } = rangeOf(span, now);
  const total = chart.rows.reduce<Rollup>(plus, NOTHING);
  return {
    dark,
    locale: words.language,
    title: titleOf(chart),
    from,
    to,
    stepMs: point,
    ticks: ticksOf(span, { from, to }, tick, words.times).map((at) => ({
      at,
      label: timeLabel(span, at, words.times),
    })),
    points: slices(chart, point).map(({ at, sum, workers }) => ({
      at,
      ...sum,
      whole: workers * point,
    })),
    empty: chart.rows.length === 0 ? words.text("chart-no-data") : null,
    texts: {
      unit: words.text(`chart-unit-${span}`),
      received: words.text("chart-received", { count: total.received }),
      relayed: words.text("chart-relayed", { count: total.relayed }),
      connection:
        connected(total) === "–"
          ? ""
          : words.text("chart-connection", { percent: connected(total) }),
      up: words.text("chart-up"),
      wait: words.text("chart-wait"),
      down: words.text("chart-down"),
      off: words.text("chart-off"),
      unknown: words.text("chart-unknown"),
      restarts: words.text("chart-restarts", { count: total.restarts }),
      waits: words.text("chart-waits", { count: total.waits }),
    },
  };
}

/** Of the time that it was not stopped on purpose, in percent; a dash when unknown. */
function connected({ up, wait, down }: Rollup): string {
  const all = up + wait + down;
  if (all === 0) return "–";
  const percent = ((up + wait) / all) * 100;
  // Never 100 when something was missing.
  return percent === 100 ? "100" : Math.min(99.9, percent).toFixed(1);
}

function titleOf({ words, name, span }: ChartOf): string {
  return `${name ?? words.text("chart-fleet")} · ${words.text(`chart-span-${span}`)}`;
}

function slices({ span, now, rows }: ChartOf, width: number) {
  const { from, to } = rangeOf(span, now);
  return Array.from({ length: Math.ceil((to - from) / width) }, (_, n) => {
    const at = from + n * width;
    const found = rows.filter((row) => row.at >= at && row.at < at + width);
    return {
      at,
      sum: found.reduce<Rollup>(plus, NOTHING),
      workers: Math.max(0, ...found.map((row) => row.workers)),
    };
  });
}

/** Marks at round times of the reader's clock. */
function ticksOf(
  span: Span,
  { from, to }: ReturnType<typeof rangeOf>,
  tick: number,
  times: Times,
): number[] {
  const found: number[] = [];
  const first = Math.ceil(from / HOUR_MS) * HOUR_MS;
  // Some zones are a part of an hour apart.
  const shift = (times.wall(first).minute * 60_000) % HOUR_MS;
  for (let at = first - shift; at < to; at += HOUR_MS) {
    const { hour } = times.wall(at);
    if (at >= from && hour % Math.min(24, tick / HOUR_MS) === 0 && (span === "24h" || hour === 0))
      found.push(at);
  }
  return found;
}

/** `16:00`, or `21.11.` for days, by the reader's clock. */
function timeLabel(span: Span, at: number, times: Times): string {
  const { month, day, hour, minute } = times.wall(at);
  const two = (number: number): string => String(number).padStart(2, "0");
  return span === "24h" ? `${two(hour)}:${two(minute)}` : `${two(day)}.${two(month)}.`;
}

function line(label: string, sum: Rollup): string {
  return columns([
    label,
    short(sum.received),
    short(sum.relayed),
    connected(sum),
    String(sum.restarts),
    String(sum.waits),
  ]);
}

/** Six columns that fit a phone. */
function columns(cells: readonly string[]): string {
  const widths = [6, 6, 6, 5, 4, 4];
  return cells
    .map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
    .join(" ");
}

/** Numbers too long for their column end with k. */
function short(count: number): string {
  return count < 1_000_000 ? String(count) : `${Math.round(count / 1000)}k`;
}
