/**
 * Every way in which Telegram may deliver a login code, from GramJS's schema: a new one fails here,
 * not in a wizard.
 */
import { Api } from "telegram";
import { expect, test } from "vitest";
import { type CodeVia, describeSentCode } from "../src/login/login-result.ts";
import { newStore } from "./kit.ts";
import { useSandbox } from "./world.ts";

const world = useSandbox();

const OF_TYPE: Readonly<Record<string, CodeVia>> = {
  SentCodeTypeApp: "app",
  SentCodeTypeSms: "sms",
  SentCodeTypeCall: "call",
  SentCodeTypeFlashCall: "flash-call",
  SentCodeTypeMissedCall: "missed-call",
  SentCodeTypeEmailCode: "email",
  SentCodeTypeSetUpEmailRequired: "email-setup",
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

const constructors = (prefix: string): string[] =>
  Object.keys(Api.auth).filter((name) => name.startsWith(prefix));
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
  expect(result).toMatchObject({
    kind: "code-sent",
    via,
    nextVia: null,
    resendAfterS: null,
    length: expect.any(Number),
  });
});

test.each(Object.entries(OF_NEXT))("%s as the next way is told as %s", (next, nextVia) => {
  expect(sent("SentCodeTypeApp", next)).toMatchObject({
    kind: "code-sent",
    via: "app",
    nextVia,
    resendAfterS: 60,
    length: 5,
  });
});

test.each([
  "app",
  "sms",
  "call",
  "flash-call",
  "missed-call",
  "email",
  "fragment",
  "firebase",
  "sms-word",
  "sms-phrase",
] as const)(
  "a code delivered by %s is told as such, and the right one logs in",
  async (codeVia) => {
    const phone = world.person({ codeVia });
    const login = world.flow(await newStore());
    expect(await login.sendCode(phone)).toMatchObject({ kind: "code-sent", via: codeVia });
    expect(await login.submitCode("00000")).toMatchObject({ kind: "wrong-code" });
    expect(await login.submitCode(world.code(phone))).toMatchObject({ kind: "done" });
  },
);

test("an account that needs a login e-mail first is told as such, and the old session stays", async () => {
  const phone = world.person({ codeVia: "email-setup" });
  const store = await newStore();
  const login = world.flow(store);
  expect(await login.sendCode(phone)).toMatchObject({
    kind: "code-sent",
    via: "email-setup",
    nextVia: "sms",
  });
  await login.cancel();
  expect(store.inLogin).toBe(false);
});

test(
  "another account than before is kept only when that is said, and its login ends at " +
    "Telegram when it is not",
  async () => {
    const [ann, ben] = [world.person(), world.person()];
    const store = await newStore();
    await world.logIn(store, ann);
    const before = store.self();
    const key = store.authKey();
    const change = async () => {
      const login = world.flow(store);
      expect(await login.keepChanged()).toMatchObject({ kind: "refused", reason: "wrong-step" });
      await login.sendCode(ben);
      expect(await login.submitCode(world.code(ben))).toMatchObject({
        kind: "changed",
        self: { phone: ben },
        before: { phone: ann },
      });
      return login;
    };
    await (await change()).cancel();
    expect([store.self(), store.authKey()]).toEqual([before, key]);
    expect(world.sandbox.world.sessions(ben)).toEqual([]);
    expect(await (await change()).keepChanged()).toMatchObject({
      kind: "done",
      self: { phone: ben },
    });
    expect(store.self()).toMatchObject({ phone: ben });
    expect(world.sandbox.world.sessions(ben)).toHaveLength(1);
  },
);
