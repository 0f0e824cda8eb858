import { type Clock, parseWorkerId, type WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { type Api, InputFile } from "grammy";
import type { SettingStore } from "../admins/setting-store.ts";
import { encodePress } from "../kit/callback.ts";
import { sendProblem } from "../kit/chat/bot-errors.ts";
import type { Card } from "../kit/chat/screen.ts";
import { captionOptions, type SureSender } from "../kit/chat/sure-sender.ts";
import { chatId } from "../kit/chat/target.ts";
import { choiceLabel } from "../kit/keyboard.ts";
import { Html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import { nameOf } from "../workers/view.ts";
import type { WorkerStore } from "../workers/worker-store.ts";
import { captionOf, pictureOf, rangeOf, SPANS, type Span } from "./chart-data.ts";
import type { RollupStore } from "./rollup-store.ts";

/** Parts of {@link ChartDesk}. */
export interface ChartDeskDeps {
  readonly api: Api;
  readonly sender: SureSender;
  readonly rollups: RollupStore;
  readonly workers: WorkerStore;
  readonly settings: SettingStore;
  readonly drawer: { draw(picture: ReturnType<typeof pictureOf>): Promise<Uint8Array | null> };
  readonly clock: Clock;
  readonly log: Logger;
  readonly wordsOf: (chat: string) => Words;
}

/** Which chart: of a worker, or of the fleet (`worker` null). */
export interface ChartWish {
  readonly worker: WorkerId | null;
  readonly span: Span;
  readonly dark: boolean;
}

/**
 * Charts in the chat: a picture with a table of the same numbers as its caption, switched in place
 * by its buttons.
 */
export class ChartDesk {
  readonly #deps: ChartDeskDeps;

  constructor(deps: ChartDeskDeps) {
    this.#deps = deps;
  }

  /** The chart that a button of an older one asks for; null: its first one in this chat. */
  wish(chat: string, worker: string, arg: string): ChartWish {
    const [first = "", theme] = arg.split("-");
    const span = SPANS.find((each) => each === first) ?? "24h";
    const dark =
      theme === undefined ? this.#deps.settings.all().darkCharts.includes(chat) : theme === "d";
    return { worker: worker === "" ? null : parseWorkerId(worker), span, dark };
  }

  /** Sends a new chart. The same `id` twice sends it once. */
  async send(chat: string, wish: ChartWish, id: string): Promise<void> {
    const { card, png } = await this.#make(chat, wish);
    await this.#deps.sender.sendOnce(chat, `chart:${id}`, card, png === null ? {} : { photo: png });
  }

  /** Puts this chart in the place of another one. */
  async switchTo(chat: string, wish: ChartWish, message: number, id: string): Promise<void> {
    this.#deps.settings.setDarkCharts(chat, wish.dark);
    const { api } = this.#deps;
    const { card, png } = await this.#make(chat, wish);
    if (png === null) return await this.#deps.sender.sendOnce(chat, `chart:${id}`, card);
    const { caption, parse_mode, reply_markup } = captionOptions(card);
    const media = {
      type: "photo",
      media: new InputFile(png, "chart.png"),
      caption,
      parse_mode,
    } as const;
    try {
      await api.editMessageMedia(chatId(chat), message, media, { reply_markup });
    } catch (error) {
      if (sendProblem(error) !== "not-modified") throw error;
    }
  }

  /** Takes a chart away. */
  async close(chat: string, message: number): Promise<void> {
    await this.#deps.api.deleteMessage(chatId(chat), message);
  }

  async #make(
    chat: string,
    wish: ChartWish,
  ): Promise<{ readonly card: Card; readonly png: Uint8Array | null }> {
    const { rollups, workers, drawer, clock, wordsOf, log } = this.#deps;
    const words = wordsOf(chat);
    const now = clock.now();
    const { from, to } = rangeOf(wish.span, now);
    const name =
      wish.worker && nameOf(workers.find(wish.worker) ?? { id: wish.worker, label: null });
    const chart = { words, name, span: wish.span, now, rows: rollups.read(wish.worker, from, to) };
    const picture = await drawer.draw(pictureOf(chart, wish.dark)).catch((error: unknown) => {
      log.error({ err: error }, "chart not drawn");
      return "failed" as const;
    });
    const png = typeof picture === "string" ? null : picture;
    const problem = picture === null ? "chart-no-picture" : "chart-failed";
    const why = png === null && words.html(problem);
    return {
      card: { html: lines(new Html(captionOf(chart)), why).text, keyboard: keyboard(words, wish) },
      png,
    };
  }
}

function keyboard(words: Words, { worker, span, dark }: ChartWish): Card["keyboard"] {
  const data = (to: Span, toDark: boolean): string =>
    encodePress("chart", worker ?? "", `${to}-${toDark ? "d" : "l"}`);
  const spans = SPANS.map((each) => ({
    text: choiceLabel(words.text(`button-chart-${each}`), each === span),
    callback_data: data(each, dark),
  }));
  const theme = {
    text: words.text(dark ? "button-chart-light" : "button-chart-dark"),
    callback_data: data(span, !dark),
  };
  const refresh = { text: words.text("button-refresh"), callback_data: data(span, dark) };
  const close = {
    text: words.text("button-chart-close"),
    callback_data: encodePress("chart", worker ?? "", "close"),
  };
  return [
    [...spans, theme],
    [refresh, close],
  ];
}
