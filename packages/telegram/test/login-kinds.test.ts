/** Every way in which Telegram may deliver a login code, read off the library's schema: a new one fails here, not in a wizard. */
import { Api } from "telegram";
import { expect, test } from "vitest";
import { type CodeVia, describeSentCode } from "../src/login-result.ts";

const OF_TYPE: Readonly<Record<string, CodeVia | "refused">> = {
  SentCodeTypeApp: "app",
  SentCodeTypeSms: "sms",
  SentCodeTypeCall: "call",
  SentCodeTypeFlashCall: "flash-call",
  SentCodeTypeMissedCall: "missed-call",
  SentCodeTypeEmailCode: "email",
  SentCodeTypeSetUpEmailRequired: "refused",
  SentCodeTypeFragmentSms: "fragment",
  SentCodeTypeFirebaseSms: "firebase",
  SentCodeTypeSmsWord: "sms-word",
  SentCodeTypeSmsPhrase: "sms-phrase",
};
const OF_NEXT: Readonly<Record<string, CodeVia>> = {
  CodeTypeSms: "sms",
  CodeTypeCall: "call",
  CodeTypeFlashCall: "flash-call",
  CodeTypeMissedCall: "missed-call",
  CodeTypeFragmentSms: "fragment",
};

const constructors = (prefix: string): string[] => Object.keys(Api.auth).filter((name) => name.startsWith(prefix));
type Maker = new (args: object) => never;
const make = (name: string, args: object = {}): never =>
  new ((Api.auth as unknown as Record<string, Maker>)[name] as Maker)(args);
const sent = (type: string, next?: string): ReturnType<typeof describeSentCode> =>
  describeSentCode(
    new Api.auth.SentCode({
      type: make(type, {
        length: 5,
        pattern: "*****",
        beginning: "a",
        prefix: "+49",
        emailPattern: "a*@b",
        url: "https://fragment.com",
      }),
      phoneCodeHash: "x",
      timeout: 60,
      ...(next === undefined ? {} : { nextType: make(next) }),
    }),
  );

test("the tables below are the schema's, no more and no less", () => {
  expect(constructors("SentCodeType").toSorted()).toEqual(Object.keys(OF_TYPE).toSorted());
  expect(constructors("CodeType").toSorted()).toEqual(Object.keys(OF_NEXT).toSorted());
  expect(
    constructors("SentCode")
      .filter((name) => !name.startsWith("SentCodeType"))
      .toSorted(),
  ).toEqual(["SentCode", "SentCodeSuccess"]);
});

test.each(Object.entries(OF_TYPE))("%s is told as %s", (type, via) => {
  const result = sent(type);
  if (via === "refused") expect(result).toMatchObject({ kind: "refused", reason: "email-setup-needed", final: true });
  else expect(result).toMatchObject({ kind: "code-sent", via, nextVia: null, resendAfterS: null, length: expect.any(Number) });
});

test.each(Object.entries(OF_NEXT))("%s as the next way is told as %s", (next, nextVia) => {
  expect(sent("SentCodeTypeApp", next)).toMatchObject({ kind: "code-sent", via: "app", nextVia, resendAfterS: 60, length: 5 });
});
