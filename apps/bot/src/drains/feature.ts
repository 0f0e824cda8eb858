import { defineFeature } from "../kit/feature.ts";
import {
  drain,
  drainAsk,
  drainButton,
  drainCancelButton,
  drainEndButton,
  drainMoveButton,
  drainStopButton,
} from "./drain-buttons.ts";

/** ⏏️ A host is emptied, worker after worker, and takes none until an owner ends that. */
export const drains = defineFeature({
  screens: [drainAsk, drain],
  buttons: [drainButton, drainMoveButton, drainStopButton, drainCancelButton, drainEndButton],
});
