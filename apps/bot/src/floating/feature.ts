import { defineFeature } from "../kit/feature.ts";
import { floating, floatingButton, floatOffButton, floatOnButton } from "./floating-buttons.ts";

/** 🛟 Workers that another host takes over when theirs is lost. */
export const floatingWorkers = defineFeature({
  screens: [floating],
  buttons: [floatingButton, floatOnButton, floatOffButton],
});
