import type { UserId, WorkerId } from "@flotilla/kernel";
import { z } from "zod";
import { Said } from "../kit/words/said.ts";

/**
 * Where a login stands, as the bot keeps it: no phone, no code, no password.
 * `busy` steps wait for the worker; the others wait for the admin.
 */
export const WizardStep = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("preparing") }),
  z.object({ kind: z.literal("ask-phone"), known: z.string().nullable(), note: Said.nullable() }),
  z.object({ kind: z.literal("sending-code") }),
  z.object({
    kind: z.literal("qr"),
    /** The message with the picture, once there is one. */
    message: z.number().nullable(),
    /** How many codes were shown. */
    count: z.number(),
    expiresAt: z.number().nullable(),
    known: z.string().nullable(),
  }),
  z.object({
    kind: z.literal("ask-code"),
    via: z.string(),
    length: z.number(),
    nextVia: z.string().nullable(),
    resendAt: z.number().nullable(),
    expiresAt: z.number(),
    note: Said.nullable(),
    /** The code is dead: only a new one helps. */
    dead: z.boolean(),
  }),
  z.object({ kind: z.literal("checking-code"), before: z.unknown() }),
  z.object({ kind: z.literal("ask-password"), hint: z.string().nullable(), note: Said.nullable() }),
  z.object({ kind: z.literal("checking-password"), hint: z.string().nullable() }),
  /** Logged in as another account than before: kept only if that is wanted. */
  z.object({
    kind: z.literal("confirm-account"),
    now: z.string(),
    before: z.string(),
    note: Said.nullable(),
  }),
  z.object({ kind: z.literal("keeping-account"), now: z.string(), before: z.string() }),
  z.object({ kind: z.literal("ask-session"), known: z.string().nullable(), note: Said.nullable() }),
  z.object({ kind: z.literal("reading-session"), known: z.string().nullable() }),
  /** Whether to use the session that the worker has looked at. */
  z.object({
    kind: z.literal("confirm-session"),
    known: z.string().nullable(),
    format: z.string(),
    userId: z.string().nullable(),
    resumes: z.boolean(),
    otherApiId: z.number().nullable(),
  }),
  z.object({ kind: z.literal("taking-session"), known: z.string().nullable() }),
  z.object({ kind: z.literal("ended"), text: Said }),
]);
/** Where a login stands. No step holds a code or a password. */
export type WizardStep = z.infer<typeof WizardStep>;
/** The step that waits for the code. */
export type AskCode = Extract<WizardStep, { kind: "ask-code" }>;

/** Steps that wait for the worker. */
export const BUSY: ReadonlySet<WizardStep["kind"]> = new Set([
  "preparing",
  "sending-code",
  "checking-code",
  "checking-password",
  "qr",
  "reading-session",
  "keeping-account",
  "taking-session",
]);

/** Codes of digits. What comes in any other way cannot be entered with keys. */
const DIGITS: ReadonlySet<string> = new Set([
  "app",
  "sms",
  "call",
  "flash-call",
  "missed-call",
  "email",
  "fragment",
]);

/** Whether a code that comes this way can be entered on the keypad. */
export function hasKeys(via: string): boolean {
  return DIGITS.has(via);
}

/** What a step that came by itself leads to. */
export interface WizardProgress {
  readonly admin: UserId;
  readonly worker: WorkerId;
  readonly login: string;
  readonly end: WizardEnd | null;
  /** A new QR code's content, or null. */
  readonly url: string | null;
  /** The message that shows a QR code, or null. */
  readonly message: number | null;
}

/** A login that worked, for the card that follows. */
export interface WizardEnd {
  readonly admin: UserId;
  readonly worker: WorkerId;
  readonly text: Said;
}
