import { defineFeature } from "../kit/feature.ts";
import { move, moveAsk, moveButton, moveStopButton, moveToButton } from "./move-buttons.ts";

/** 🚚 A worker with its session moves to another host, and back by itself when that fails. */
export const moves = defineFeature({
  screens: [moveAsk, move],
  buttons: [moveButton, moveToButton, moveStopButton],
});
