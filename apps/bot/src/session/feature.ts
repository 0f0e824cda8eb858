import { defineFeature } from "../kit/feature.ts";
import {
  backupNowButton,
  backups,
  backupsButton,
  restore,
  restoreButton,
  restoreYes,
} from "./backups.ts";
import { endButtons } from "./end-session.ts";
import { stopHolder, stopHolderButton, stopHolderYes } from "./locked.ts";
import { devices, devicesButton, logins, loginsButton } from "./logins.ts";
import { proxy, proxyButton, proxyCommand, proxyQuestion, proxyYes } from "./proxy.ts";

/** 🗄 The session of a worker: its copies, its logins, its holder, its way to Telegram, its end. */
export const session = defineFeature({
  screens: [backups, restore, logins, devices, stopHolder, proxy],
  buttons: [
    backupsButton,
    backupNowButton,
    restoreButton,
    restoreYes,
    loginsButton,
    devicesButton,
    stopHolderButton,
    stopHolderYes,
    proxyButton,
    proxyYes,
    ...endButtons,
  ],
  questions: [proxyQuestion],
  commands: [proxyCommand],
});
