import { defineFeature } from "../kit/feature.ts";
import { alertButtons } from "./alert-buttons.ts";
import { alertsButton, alertsCommand, alerts as alertsScreen } from "./alerts-screen.ts";
import { crew, crewButton, theseButton } from "./crew.ts";
import { muteCommand } from "./mute-command.ts";
import { runbook, runbookPress } from "./runbook.ts";

/** 🚨 What goes wrong: the alerts, who takes them, who wants quiet, and what helps. */
export const alerts = defineFeature({
  screens: [alertsScreen, crew, runbook],
  buttons: [alertsButton, crewButton, theseButton, runbookPress, ...alertButtons],
  commands: [muteCommand, alertsCommand],
});
