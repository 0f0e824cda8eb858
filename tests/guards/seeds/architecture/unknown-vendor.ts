// as: apps/bot/src/seed.ts
// declares: left-pad
// expect: left-pad has no owner
import pad from "left-pad";

export const seed = pad;
