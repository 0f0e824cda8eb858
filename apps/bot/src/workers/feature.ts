import { defineFeature } from "../kit/feature.ts";
import { actionButtons, actionCommands } from "./actions.ts";
import { add, addButton, nameQuestion } from "./add.ts";
import { bulk, bulkButton, bulkStopButton } from "./bulk.ts";
import { confirm } from "./confirm.ts";
import { deleteButton, deleteQuestion } from "./delete.ts";
import { details, detailsButton, statusCommand } from "./details.ts";
import { findButton, findQuestion, list, listButton, listCommand } from "./list.ts";
import { log, logButton, logFileButton, logsCommand } from "./log.ts";
import { cancelButton, menu, menuButton, menuCommand } from "./menu.ts";
import { more, moreButton } from "./more.ts";
import { noteButton, noteQuestion } from "./note.ts";
import { renameButton, renameQuestion } from "./rename.ts";
import { rules, rulesButton, rulesetButton } from "./rules.ts";
import { tagsButton, tagsQuestion } from "./tags.ts";

/** 👷 The fleet: its menu, its workers, and what is done to one or many of them. */
export const workers = defineFeature({
  screens: [menu, list, details, more, rules, log, add, confirm, bulk],
  buttons: [
    menuButton,
    cancelButton,
    listButton,
    findButton,
    detailsButton,
    moreButton,
    ...actionButtons,
    logButton,
    logFileButton,
    addButton,
    renameButton,
    noteButton,
    tagsButton,
    rulesButton,
    rulesetButton,
    deleteButton,
    bulkButton,
    bulkStopButton,
  ],
  questions: [
    nameQuestion,
    findQuestion,
    renameQuestion,
    noteQuestion,
    tagsQuestion,
    deleteQuestion,
  ],
  commands: [menuCommand, listCommand, statusCommand, ...actionCommands, logsCommand],
});
