import { button } from "../kit/button.ts";
import { say } from "../kit/words/said.ts";
import type { ChartDesk } from "./chart-desk.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    chart: true;
  }
}

interface ChartDeps {
  readonly charts: ChartDesk;
  /** A message could not be shown; what was asked for is not lost by it. */
  readonly onChatError: (error: unknown) => void;
}

/** 📈: a button of a screen has no argument and brings a new chart; those under a chart switch it in place. */
export const chartButton = button(
  "chart",
  "viewer",
  async ({ charts, onChatError }: ChartDeps, { chat, press, message, id, toast }) => {
    await toast(press.arg === "close" ? undefined : say("toast-chart"));
    try {
      if (press.arg === "close") return await charts.close(chat, message);
      const wish = charts.wish(chat, press.about, press.arg);
      if (press.arg === "") await charts.send(chat, wish, id);
      else await charts.switchTo(chat, wish, message, id);
    } catch (error) {
      onChatError(error);
    }
  },
);
