import { defineFeature } from "../kit/feature.ts";
import { doctor, doctorButton, doctorCommand } from "./doctor.ts";
import { healthButton, healthCommand, health as healthScreen } from "./health.ts";
import { limits, limitsButton } from "./limits.ts";
import { record, recordButton, recordNoButton, recordYesButton } from "./record.ts";

/** 💾 How the parts of the fleet are, what each host is in danger of, and the limits that hold. */
export const health = defineFeature({
  screens: [healthScreen, doctor, limits, record],
  buttons: [
    healthButton,
    doctorButton,
    limitsButton,
    recordButton,
    recordYesButton,
    recordNoButton,
  ],
  commands: [healthCommand, doctorCommand],
});
