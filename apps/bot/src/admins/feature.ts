import { defineFeature } from "../kit/feature.ts";
import { admin, adminButtons, admins as adminsScreen } from "./admins.ts";
import { audit, auditButton, auditFileButton } from "./audit.ts";
import { hereCommand } from "./here.ts";
import { settingButtons, settingQuestions, settings, settingsCommand } from "./settings.ts";

/** ⚙️ Who may do what, what each reads and when, and who did what. */
export const admins = defineFeature({
  screens: [settings, adminsScreen, admin, audit],
  buttons: [...settingButtons, ...adminButtons, auditButton, auditFileButton],
  questions: settingQuestions,
  commands: [settingsCommand, hereCommand],
});
