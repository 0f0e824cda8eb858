/** Pure rules: no clock, no I/O, no state of their own. */
export { faultOfExit, firstErrorLine, type ObservedExit } from "./exit-fault.ts";
export { countingCrashes, DEFAULT_RESTART_RULES, decideRestart, type PastExit, type RestartRules } from "./restart-policy.ts";
export { actionsFor, stateIcon, stateWords, urgency, type WorkerAction } from "./worker-actions.ts";
