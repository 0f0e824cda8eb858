import { fileURLToPath } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type { ChartPicture, DrawAnswer } from "./picture.ts";
import { HEIGHT, WIDTH } from "./picture.ts";

const FONTS = [
  import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
  import.meta.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"),
];

/** Draws the one picture that this thread was started for. */
async function draw(picture: ChartPicture): Promise<DrawAnswer> {
  const canvasPackage = await import("@napi-rs/canvas").catch(() => null);
  if (canvasPackage === null) return { kind: "missing" };
  const { createCanvas, GlobalFonts } = canvasPackage;
  for (const font of FONTS) GlobalFonts.registerFromPath(fileURLToPath(font), "DejaVu Sans");
  const { drawChart } = await import("./draw.ts");
  const canvas = createCanvas(WIDTH, HEIGHT);
  drawChart(canvas, picture);
  // Not the synchronous form: it never lets its native memory go.
  return { kind: "drawn", png: await canvas.encode("png") };
}

parentPort?.postMessage(await draw(workerData as ChartPicture));
