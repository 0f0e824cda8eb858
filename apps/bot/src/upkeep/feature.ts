import { defineFeature } from "../kit/feature.ts";
import { roll, rollAsk, rollButton, rollStopButton, rollYesButton } from "./roll-buttons.ts";

/** 🔄 Rolling restart: the whole fleet, one part after the other, without losing a press. */
export const upkeep = defineFeature({
  screens: [rollAsk, roll],
  buttons: [rollButton, rollYesButton, rollStopButton],
});
