// expect: TS1484
import { Clock } from "@flotilla/kernel";

export type Time = Clock;
