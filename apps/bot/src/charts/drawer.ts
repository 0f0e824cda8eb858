import { Worker } from "node:worker_threads";
import { AppError, SerialQueue } from "@flotilla/kernel";
import type { ChartPicture, DrawAnswer } from "./picture.ts";

/** A picture takes a second at most; a machine that is busy may need longer. */
const LIMIT_MS = 30_000;

/**
 * Draws pictures, each in a thread of its own and one after the other: presses and alerts do not
 * wait for it, and its memory goes with the thread. Null: the package that draws is not there.
 * Throws AppError `chart-failed`.
 */
export class Drawer {
  readonly #queue = new SerialQueue();

  draw(picture: ChartPicture): Promise<Uint8Array | null> {
    return this.#queue.run(() => drawOne(picture));
  }
}

async function drawOne(picture: ChartPicture): Promise<Uint8Array | null> {
  const thread = new Worker(new URL("./draw-thread.ts", import.meta.url), { workerData: picture });
  const timer = setTimeout(() => void thread.terminate(), LIMIT_MS);
  try {
    const answer = await new Promise<DrawAnswer>((resolve, reject) => {
      thread.once("message", resolve);
      thread.once("error", reject);
      thread.once("exit", () => reject(new Error("the thread ended without a picture")));
    });
    return answer.kind === "drawn" ? answer.png : null;
  } catch (error) {
    throw new AppError("chart-failed", "The chart could not be drawn.", { cause: error });
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}
