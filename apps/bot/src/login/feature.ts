import { defineFeature } from "../kit/feature.ts";
import { loginButton, loginCommand, stepButtons } from "./login-buttons.ts";
import { loginCard } from "./login-screen.ts";

/** 🔐 The login wizard. */
export const login = defineFeature({
  screens: [loginCard],
  buttons: [loginButton, ...stepButtons],
  commands: [loginCommand],
});
