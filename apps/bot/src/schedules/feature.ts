import { defineFeature } from "../kit/feature.ts";
import { schedCronButton, schedCronQuestion } from "./sched-cron.ts";
import { schedRunButton } from "./sched-run.ts";
import { schedSetButton } from "./sched-set.ts";
import { schedTagButton } from "./sched-tag.ts";
import { schedule, scheduleButton } from "./schedule.ts";
import { schedules as list, schedulesButton, schedulesCommand } from "./schedules.ts";

/** 🗓 What the fleet does by itself: when, and how it went. */
export const schedules = defineFeature({
  screens: [list, schedule],
  buttons: [
    schedulesButton,
    scheduleButton,
    schedSetButton,
    schedTagButton,
    schedCronButton,
    schedRunButton,
  ],
  questions: [schedCronQuestion],
  commands: [schedulesCommand],
});
