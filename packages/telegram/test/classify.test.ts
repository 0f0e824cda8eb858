import { ErrorClass, Fault } from "@flotilla/contracts";
import { AppError, type ErrorCode } from "@flotilla/kernel";
import { classify } from "@flotilla/telegram";
import fc from "fast-check";
import { expect, test } from "vitest";
import { classifyRpc } from "../src/wire/classify.ts";
import { type LinkLostReason, linkLost } from "../src/wire/fault.ts";

const rpc = (code: number, text: string) =>
  classifyRpc({ code, text, method: "messages.SendMessage" });

test.each([
  [401, "AUTH_KEY_UNREGISTERED", "AUTH_DEAD"],
  [406, "AUTH_KEY_DUPLICATED", "AUTH_DEAD"],
  [401, "SESSION_REVOKED", "AUTH_DEAD"],
  [401, "SOMETHING_NEW", "AUTH_DEAD"],
  [401, "USER_DEACTIVATED", "BANNED"],
  [401, "USER_DEACTIVATED_BAN", "BANNED"],
  [400, "PHONE_NUMBER_BANNED", "BANNED"],
  [420, "FROZEN_METHOD_INVALID", "BANNED"],
  [400, "FROZEN_PARTICIPANT_MISSING", "BANNED"],
  [400, "PEER_FLOOD", "LIMITED"],
  [403, "USER_RESTRICTED", "LIMITED"],
  [400, "CHANNEL_PRIVATE", "SOURCE"],
  [403, "CHAT_WRITE_FORBIDDEN", "SOURCE"],
  [400, "PERSISTENT_TIMESTAMP_INVALID", "GAP"],
  [500, "PERSISTENT_TIMESTAMP_OUTDATED", "TG_SERVER"],
  [400, "API_ID_INVALID", "CONFIG"],
  [406, "UPDATE_APP_TO_LOGIN", "CONFIG"],
  [303, "USER_MIGRATE_4", "CONFIG"],
  [400, "PEER_ID_INVALID", "REQUEST"],
  [404, "METHOD_INVALID", "REQUEST"],
  [500, "RPC_CALL_FAIL", "TG_SERVER"],
  [-503, "Timeout", "TG_SERVER"],
  [500, "MSG_WAIT_FAILED", "TG_SERVER"],
  [700, "NEVER_SEEN", "TG_SERVER"],
  [420, "NO_NUMBER", "TG_SERVER"],
] satisfies [number, string, ErrorClass][])("%i %s is %s and no wait", (code, text, expected) => {
  expect(rpc(code, text)).toMatchObject({ class: expected, code: text });
  expect(rpc(code, text).waitS).toBeUndefined();
});

test.each([
  [420, "FLOOD_WAIT_17", 17],
  [420, "FLOOD_PREMIUM_WAIT_3", 3],
  [420, "SLOWMODE_WAIT_60", 60],
  [420, "FLOOD_TEST_PHONE_WAIT_9", 9],
  [400, "TAKEOUT_INIT_DELAY_86400", 86400],
  [420, "2FA_CONFIRM_WAIT_604800", 604800],
  [400, "PASSWORD_TOO_FRESH_5", 5],
  [406, "SESSION_TOO_FRESH_5", 5],
])("%i %s is a wait of %i s", (code, text, waitS) => {
  expect(rpc(code, text)).toMatchObject({ class: "FLOOD", waitS });
});

test.each([
  [linkLost("socket"), "NETWORK", "link-socket"],
  [
    linkLost("connect", Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })),
    "NETWORK",
    "ECONNREFUSED",
  ],
  [linkLost("unknown-key"), "AUTH_DEAD", "unknown-key"],
  [linkLost("transport", undefined, 429), "NETWORK", "transport-429"],
  [linkLost("transport", undefined, 444), "CONFIG", "transport-444"],
  [new AppError("sqlite-locked", "x"), "SESSION_LOCKED", "sqlite-locked"],
  [new AppError("sqlite-full", "x"), "DB_BROKEN", "sqlite-full"],
  [new AppError("session-claimed", "x"), "IN_USE", "session-claimed"],
  [Object.assign(new Error("x"), { code: "EAI_AGAIN" }), "NETWORK", "EAI_AGAIN"],
  ["Maximum reconnection retries reached. Aborting!", "CRASH", "unexpected"],
  [undefined, "CRASH", "unexpected"],
  [new TypeError("x is not a function"), "CRASH", "unexpected"],
])("%s is %s %s", (error, expected, code) => {
  expect(classify(error)).toMatchObject({ class: expected, code });
});

test("any value at all gives a valid fault", () => {
  const reasons: LinkLostReason[] = [
    "stopped",
    "socket",
    "connect",
    "connect-timeout",
    "ping-timeout",
    "unknown-key",
    "transport",
    "refused",
  ];
  const anything = fc.oneof(
    fc.anything(),
    fc.string().map((text) => new Error(text)),
    fc.tuple(fc.string(), fc.string()).map(([code, text]) => new AppError(code as ErrorCode, text)),
    fc
      .tuple(fc.constantFrom(...reasons), fc.anything(), fc.integer())
      .map(([why, cause, code]) => linkLost(why, cause, code)),
  );
  fc.assert(
    fc.property(anything, (error) => {
      expect(Fault.safeParse(classify(error)).success).toBe(true);
    }),
  );
});

test("any answer of the server gives a valid fault, and only a number makes a wait", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.oneof(fc.string({ maxLength: 300 }), fc.stringMatching(/^[A-Z]+_WAIT_[0-9]*$/)),
      (code, text) => {
        const fault = rpc(code, text);
        expect(Fault.safeParse(fault).success).toBe(true);
        expect(ErrorClass.options).toContain(fault.class);
        if (fault.waitS !== undefined) expect(text).toMatch(/_\d+$/);
      },
    ),
  );
});

test("a value without text is a fault too", () => {
  expect(classify(Object.create(null))).toMatchObject({ class: "CRASH", code: "unexpected" });
});
