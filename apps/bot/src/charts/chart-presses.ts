import type { Handler } from "../kit/deps.ts";
import { say } from "../kit/words/said.ts";

/**
 * 📈: a button of a screen has no argument and brings a new chart; those under a chart switch it in
 * place.
 */
export const chartPresses = {
  chart: async ({ charts, onChatError }, { chat, press, message, id, toast }) => {
    await toast(press.arg === "close" ? undefined : say("toast-chart"));
    try {
      if (press.arg === "close") return await charts.close(chat, message);
      const wish = charts.wish(chat, press.worker, press.arg);
      await (press.arg === ""
        ? charts.send(chat, wish, id)
        : charts.switchTo(chat, wish, message, id));
    } catch (error) {
      onChatError(error);
    }
  },
} satisfies Record<string, Handler>;
