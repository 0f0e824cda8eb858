import { admins } from "../admins/feature.ts";
import { alerts } from "../alerts/feature.ts";
import { charts } from "../charts/feature.ts";
import { drains } from "../drains/feature.ts";
import { floatingWorkers } from "../floating/feature.ts";
import { health } from "../health/feature.ts";
import { hosts } from "../hosts/feature.ts";
import { ask } from "../kit/ask.ts";
import type { Verb } from "../kit/button.ts";
import { defineFeature, type Feature, Registry } from "../kit/feature.ts";
import { notice } from "../kit/notice.ts";
import type { Role } from "../kit/roles.ts";
import { login } from "../login/feature.ts";
import { loginConfirmation } from "../login/login-buttons.ts";
import { moves } from "../moves/feature.ts";
import { relay } from "../relay/feature.ts";
import { schedules } from "../schedules/feature.ts";
import { endConfirmations } from "../session/end-session.ts";
import { session } from "../session/feature.ts";
import { upkeep } from "../upkeep/feature.ts";
import { workers } from "../workers/feature.ts";
import type { FleetView } from "../workers/view.ts";
import { cancelCommand, helpCommand, startCommand } from "./general-commands.ts";
import { yesButton } from "./yes.ts";

/** What belongs to no feature alone. */
const general = defineFeature({
  screens: [ask, notice],
  buttons: [yesButton([loginConfirmation, ...endConfirmations], (verb) => roleOf(verb))],
  commands: [startCommand, cancelCommand, helpCommand],
});

const FEATURES = [
  general,
  workers,
  login,
  session,
  alerts,
  relay,
  charts,
  health,
  hosts,
  moves,
  drains,
  floatingWorkers,
  schedules,
  upkeep,
  admins,
];

type AnyFeature = (typeof FEATURES)[number];
type Takes<F> = F extends Feature<FleetView, never, infer Deps> ? (deps: Deps) => void : never;
type Finds<F> = F extends Feature<FleetView, infer Shown, never> ? (deps: Shown) => void : never;
/** What the handlers of all features together work with. */
export type FeatureDeps = Takes<AnyFeature> extends (deps: infer Deps) => void ? Deps : never;
/** What the screens of all features together find their data in. */
export type ShownDeps = Finds<AnyFeature> extends (deps: infer Deps) => void ? Deps : never;

/** Every button, screen, question and text command of the bot. */
export const REGISTRY = new Registry<FleetView, ShownDeps, FeatureDeps>(FEATURES);

/** The least role for a button. Throws when there is no such button. */
function roleOf(verb: Verb): Role {
  const button = REGISTRY.buttons.get(verb);
  if (!button) throw new Error(`no button ${verb}`);
  return button.role;
}
