import { defineFeature } from "../kit/feature.ts";
import { sinceQuestion } from "./fill-since.ts";
import { resume, resumeButton, resumeYes } from "./resume.ts";
import { routeButtons } from "./route-buttons.ts";
import { relayScreens } from "./screens.ts";
import { draft, draftQuestion, wizardButtons } from "./wizard/wizard-buttons.ts";

/** 🔀 Routes: which chats go where, how it goes, and what is done about it. */
export const relay = defineFeature({
  screens: [...relayScreens, draft, resume],
  buttons: [...routeButtons, ...wizardButtons, resumeButton, resumeYes],
  questions: [draftQuestion, sinceQuestion],
});
