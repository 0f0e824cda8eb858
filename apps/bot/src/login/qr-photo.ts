import type { Logger } from "@flotilla/observability";
import { type Api, InputFile } from "grammy";
import { toBuffer } from "qrcode";
import type { Words } from "../kit/words/words.ts";

/** Parts of {@link QrPhoto}. */
export interface QrPhotoDeps {
  readonly api: Api;
  readonly log: Logger;
  readonly wordsOf: (chat: string) => Words;
}

/**
 * A QR code as a picture: one message per login, its picture exchanged in place, deleted at the
 * end.
 */
export class QrPhoto {
  readonly #deps: QrPhotoDeps;

  constructor(deps: QrPhotoDeps) {
    this.#deps = deps;
  }

  /** Shows a code; returns the message. */
  async show(chat: string, url: string, message: number | null): Promise<number> {
    const png = await toBuffer(url, { width: 512, margin: 3, errorCorrectionLevel: "M" });
    const photo = new InputFile(png, "qr.png");
    const caption = this.#deps.wordsOf(chat).text("login-qr-caption");
    if (message === null)
      return (await this.#deps.api.sendPhoto(chat, photo, { caption, protect_content: true }))
        .message_id;
    await this.#deps.api.editMessageMedia(chat, message, { type: "photo", media: photo, caption });
    return message;
  }

  /** Takes the picture away. A code that is scanned or too old is of no use to anybody. */
  async remove(chat: string, message: number): Promise<void> {
    try {
      await this.#deps.api.deleteMessage(chat, message);
    } catch (error) {
      this.#deps.log.debug({ err: error }, "QR code not deleted");
    }
  }
}
