import { defineFeature } from "../kit/feature.ts";
import { chartButton } from "./chart-button.ts";

/** 📈 Charts of a worker or of the fleet. */
export const charts = defineFeature({ buttons: [chartButton] });
