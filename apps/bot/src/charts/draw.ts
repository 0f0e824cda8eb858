import type { Canvas, SKRSContext2D } from "@napi-rs/canvas";
import {
  Chart,
  type ChartOptions,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
} from "chart.js";
import { type ChartPicture, HEIGHT, WIDTH } from "./picture.ts";

Chart.register(LineController, LineElement, PointElement, LinearScale, Filler);

const LIGHT = {
  paper: "#ffffff",
  ink: "#17212b",
  faint: "#5b6b7a",
  grid: "#dfe5eb",
  received: "#2078d4",
  relayed: "#d2600a",
  up: "#2f9e4f",
  wait: "#e0a800",
  down: "#d93636",
  off: "#a9b4bf",
};
const DARK: typeof LIGHT = {
  paper: "#17212b",
  ink: "#f1f5f8",
  faint: "#a3b3c2",
  grid: "#2f3f4f",
  received: "#64aef7",
  relayed: "#ffa45c",
  up: "#4fc26f",
  wait: "#f0c344",
  down: "#ff6666",
  off: "#66788a",
};
type Colours = typeof LIGHT;

/** Drawn by this family alone, so that every machine draws the same. */
const FONT = "DejaVu Sans";
const STRIP = { top: 500, height: 58 };
const MARGIN = 44;

/**
 * Draws a chart: messages over time above, the connection as a strip below it on the same axis,
 * restarts and pauses as marks.
 */
export function drawChart(canvas: Canvas, picture: ChartPicture): void {
  const colours = picture.dark ? DARK : LIGHT;
  const context = canvas.getContext("2d");
  const chart = lines(canvas, picture, colours);
  const { left, right } = chart.chartArea;
  const scale = (at: number): number =>
    left + ((at - picture.from) / (picture.to - picture.from)) * (right - left);
  strip(context, picture, colours, scale);
  heading(context, picture, colours);
  footer(context, picture, colours);
  if (picture.empty !== null)
    write(context, picture.empty, {
      x: WIDTH / 2,
      y: 330,
      size: 34,
      colour: colours.faint,
      align: "center",
    });
}

function lines(canvas: Canvas, picture: ChartPicture, colours: Colours): Chart {
  const { points, stepMs } = picture;
  const known = points.filter((point) => point.whole > 0).length;
  // The step that is not over yet would always look like a fall. One or two points make no line.
  const drawn = known < 3 ? points : points.slice(0, -1);
  const pointRadius = known < 3 ? 6 : 0;
  const series = (key: "received" | "relayed", fill: string | false) => ({
    data: drawn.map((point) => ({
      x: point.at + stepMs / 2,
      y: point.whole === 0 ? Number.NaN : point[key],
    })),
    borderColor: colours[key],
    backgroundColor: fill || colours[key],
    fill: fill === false ? false : "origin",
    pointBackgroundColor: colours[key],
    borderWidth: 4,
    pointRadius,
  });
  return new Chart(canvas as never, {
    type: "line",
    plugins: [{ id: "paper", beforeDraw: () => paper(canvas, colours) }],
    data: { datasets: [series("relayed", false), series("received", `${colours.received}40`)] },
    options: {
      responsive: false,
      animation: false,
      devicePixelRatio: 1,
      events: [],
      locale: picture.locale,
      layout: {
        padding: { top: 146, bottom: HEIGHT - STRIP.top + 18, left: MARGIN - 10, right: MARGIN },
      },
      scales: axes(picture, colours),
    },
  });
}

function axes(
  { points, ticks, from, to, texts }: ChartPicture,
  colours: Colours,
): NonNullable<ChartOptions<"line">["scales"]> {
  const font = { family: FONT, size: 29 };
  const highest = Math.max(...points.map((point) => Math.max(point.received, point.relayed)));
  return {
    x: {
      type: "linear",
      min: from,
      max: to,
      grid: { color: colours.grid, tickLength: 0 },
      border: { color: colours.faint },
      afterBuildTicks: (axis) => {
        axis.ticks = ticks.map(({ at }) => ({ value: at }));
      },
      ticks: {
        autoSkip: false,
        maxRotation: 0,
        padding: 10,
        color: colours.ink,
        font,
        callback: (value) => ticks.find(({ at }) => at === value)?.label ?? "",
      },
    },
    y: {
      type: "linear",
      beginAtZero: true,
      suggestedMax: Math.max(4, highest * 1.05),
      grid: { color: colours.grid },
      border: { display: false },
      title: {
        display: true,
        text: texts.unit,
        color: colours.faint,
        font: { family: FONT, size: 26 },
      },
      ticks: { maxTicksLimit: 6, precision: 0, padding: 10, color: colours.ink, font },
    },
  };
}

/** The library clears the canvas before it draws. */
function paper(canvas: Canvas, colours: Colours): void {
  const context = canvas.getContext("2d");
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, WIDTH, HEIGHT);
}

/**
 * Parts of each step as parts of its height: connected from below, not connected from above.
 * Unknown steps stay empty.
 */
function strip(
  context: SKRSContext2D,
  { points, stepMs }: ChartPicture,
  colours: Colours,
  scale: (at: number) => number,
): void {
  const { top, height } = STRIP;
  context.fillStyle = colours.grid;
  context.fillRect(
    scale(points[0]?.at ?? 0),
    top,
    scale((points.at(-1)?.at ?? 0) + stepMs) - scale(points[0]?.at ?? 0),
    height,
  );
  for (const point of points) {
    const known = point.up + point.wait + point.down + point.off;
    // A step that began just now, or was seen in part, is drawn by what is known of it.
    if (known === 0) continue;
    const x = Math.round(scale(point.at));
    const right = Math.round(scale(point.at + stepMs * Math.min(1, known / point.whole)));
    let y = top + height;
    for (const phase of ["up", "wait", "off", "down"] as const) {
      const part = (point[phase] / known) * height;
      context.fillStyle = colours[phase];
      // The shortest outage is to be seen.
      const shown = phase === "down" && part > 0 ? Math.max(part, 10) : part;
      y = phase === "down" ? top + shown : y;
      context.fillRect(x, y - shown, Math.max(right - x, 2), shown);
      y -= part;
    }
  }
  for (const point of points) {
    const middle = scale(point.at + stepMs / 2);
    if (point.restarts > 0) triangle(context, middle, top + height + 4, colours.ink);
    if (point.waits > 0) diamond(context, middle, top - 2, colours);
  }
}

function triangle(context: SKRSContext2D, x: number, y: number, colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x - 10, y + 18);
  context.lineTo(x + 10, y + 18);
  context.fill();
}

function diamond(context: SKRSContext2D, x: number, y: number, colours: Colours): void {
  context.fillStyle = colours.wait;
  context.strokeStyle = colours.ink;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x, y - 13);
  context.lineTo(x + 11, y);
  context.lineTo(x, y + 13);
  context.lineTo(x - 11, y);
  context.closePath();
  context.fill();
  context.stroke();
}

function heading(context: SKRSContext2D, { title, texts }: ChartPicture, colours: Colours): void {
  write(context, title, { x: MARGIN, y: 60, size: 46, colour: colours.ink, bold: true });
  const after = square(context, texts.received, MARGIN, 118, colours.received, colours, 31);
  square(context, texts.relayed, after + 44, 118, colours.relayed, colours, 31);
}

/** What the colours and marks of the strip mean. */
function footer(context: SKRSContext2D, { texts }: ChartPicture, colours: Colours): void {
  const [first, second] = [HEIGHT - 76, HEIGHT - 26];
  let x = MARGIN;
  for (const phase of ["up", "wait", "down", "off", "grid"] as const)
    x =
      square(
        context,
        phase === "grid" ? texts.unknown : texts[phase],
        x,
        first,
        colours[phase],
        colours,
        28,
      ) + 26;
  triangle(context, MARGIN + 11, second - 20, colours.ink);
  x =
    write(context, texts.restarts, { x: MARGIN + 34, y: second, size: 28, colour: colours.ink }) +
    40;
  diamond(context, x + 11, second - 10, colours);
  write(context, texts.waits, { x: x + 34, y: second, size: 28, colour: colours.ink });
  write(context, texts.connection, {
    x: WIDTH - MARGIN,
    y: second,
    size: 28,
    colour: colours.ink,
    align: "right",
  });
}

function square(
  context: SKRSContext2D,
  text: string,
  x: number,
  y: number,
  colour: string,
  colours: Colours,
  size: number,
): number {
  context.fillStyle = colour;
  context.fillRect(x, y - size + 5, size - 4, size - 4);
  return write(context, text, { x: x + size + 6, y, size, colour: colours.ink });
}

interface Writing {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly colour: string;
  readonly bold?: boolean;
  /** Where `x` is in the text. */
  readonly align?: "left" | "center" | "right";
}

/** Returns where the text ends. */
function write(
  context: SKRSContext2D,
  text: string,
  { x, y, size, colour, bold, align = "left" }: Writing,
): number {
  context.font = `${bold ? "bold " : ""}${size}px "${FONT}"`;
  context.fillStyle = colour;
  context.textAlign = align;
  context.fillText(text, x, y);
  return x + context.measureText(text).width;
}
