import { defineFeature } from "../kit/feature.ts";
import {
  addAtButton,
  addWhere,
  forgetButton,
  forgetKeepButton,
  forgetYesButton,
  host,
  hostButton,
  hostForget,
  hostsButton,
  hosts as hostsScreen,
} from "./host-buttons.ts";

/** 🖥 The machines of the fleet: what they carry, and those that are gone for good. */
export const hosts = defineFeature({
  screens: [hostsScreen, host, hostForget, addWhere],
  buttons: [hostsButton, hostButton, addAtButton, forgetButton, forgetYesButton, forgetKeepButton],
});
