import { Api, type TelegramClient } from "telegram";
import { computeCheck } from "telegram/Password.js";
import { describe, expect, it } from "vitest";
import { gramjsClient, savedSession } from "./support/gramjs.ts";
import { API_HASH, API_ID, connected, loggedIn, stage, until } from "./support/kit.ts";

const ANN = "+15550000001";
const BOB = "15550000002";

function sendCode(client: TelegramClient, phoneNumber: string): Promise<Api.auth.SentCode> {
  const request = new Api.auth.SendCode({
    phoneNumber,
    apiId: API_ID,
    apiHash: API_HASH,
    settings: new Api.CodeSettings({}),
  });
  return client.invoke(request) as Promise<Api.auth.SentCode>;
}

function signIn(
  client: TelegramClient,
  phoneNumber: string,
  phoneCodeHash: string,
  phoneCode: string,
): Promise<unknown> {
  return client.invoke(new Api.auth.SignIn({ phoneNumber, phoneCodeHash, phoneCode }));
}

async function checkPassword(client: TelegramClient, password: string): Promise<unknown> {
  const question = await client.invoke(new Api.account.GetPassword());
  return client.invoke(
    new Api.auth.CheckPassword({ password: await computeCheck(question, password) }),
  );
}

function wrong(code: string): string {
  return code === "11111" ? "22222" : "11111";
}

describe("login by code", () => {
  it("lets the owner of the code in", async () => {
    const { telegram, log } = await stage();
    telegram.world.createAccount({ phone: ANN, firstName: "Ann", username: "ann" });
    const client = await loggedIn(telegram, ANN);
    expect(await client.getMe()).toMatchObject({
      firstName: "Ann",
      username: "ann",
      phone: "15550000001",
      self: true,
    });
    expect(telegram.world.account(ANN).sessions).toBe(1);
    expect(telegram.world.latestCode(ANN)?.state).toBe("used");
    expect(telegram.world.connectionLog().map((entry) => entry.event)).toEqual([
      "opened",
      "authorised",
    ]);
    expect(log).toEqual([]);
  });

  it("kills a code after three wrong tries", async () => {
    const { telegram } = await stage();
    telegram.world.createAccount({ phone: ANN });
    const client = await connected(telegram);
    const { phoneCodeHash } = await sendCode(client, ANN);
    const code = telegram.world.latestCode(ANN)?.code ?? "";
    await expect(signIn(client, ANN, phoneCodeHash, "")).rejects.toMatchObject({
      errorMessage: "PHONE_CODE_EMPTY",
    });
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(signIn(client, ANN, phoneCodeHash, wrong(code))).rejects.toMatchObject({
        code: 400,
        errorMessage: "PHONE_CODE_INVALID",
      });
    }
    await expect(signIn(client, ANN, phoneCodeHash, code)).rejects.toMatchObject({
      errorMessage: "PHONE_CODE_EXPIRED",
    });
  });

  it("expires a code after five minutes of the sandbox's clock", async () => {
    const { telegram, clock } = await stage();
    telegram.world.createAccount({ phone: ANN });
    const client = await connected(telegram);
    const { phoneCodeHash } = await sendCode(client, ANN);
    const code = telegram.world.latestCode(ANN)?.code ?? "";
    clock.advance(5 * 60_000);
    await expect(signIn(client, ANN, phoneCodeHash, code)).rejects.toMatchObject({
      errorMessage: "PHONE_CODE_EXPIRED",
    });
    expect(telegram.world.latestCode(ANN)?.state).toBe("expired");
  });

  it("takes a code only from the key that asked for it", async () => {
    const { telegram } = await stage();
    telegram.world.createAccount({ phone: ANN });
    const [asker, other] = await Promise.all([connected(telegram), connected(telegram)]);
    const { phoneCodeHash } = await sendCode(asker, ANN);
    const code = telegram.world.latestCode(ANN)?.code ?? "";
    await expect(signIn(other, ANN, phoneCodeHash, code)).rejects.toMatchObject({
      errorMessage: "PHONE_CODE_EXPIRED",
    });
  });

  it("cancels a code that a user writes into a chat", async () => {
    const { telegram } = await stage();
    telegram.world.createAccount({ phone: ANN });
    telegram.world.createAccount({ phone: BOB });
    const client = await connected(telegram);
    const { phoneCodeHash } = await sendCode(client, ANN);
    const code = telegram.world.latestCode(ANN)?.code ?? "";
    telegram.world.sendPrivate(ANN, BOB, `it is ${[...code].join("-")}, quick`);
    expect(telegram.world.latestCode(ANN)?.state).toBe("cancelled");
    await expect(signIn(client, ANN, phoneCodeHash, code)).rejects.toMatchObject({
      errorMessage: "PHONE_CODE_EXPIRED",
    });
  });

  it("sends the code to a session that is there, and by text message on request", async () => {
    const { telegram } = await stage();
    telegram.world.createAccount({ phone: ANN });
    const first = await loggedIn(telegram, ANN);
    const second = await connected(telegram);
    const sent = await sendCode(second, ANN);
    expect(sent.type).toBeInstanceOf(Api.auth.SentCodeTypeApp);
    const code = telegram.world.latestCode(ANN)?.code ?? "";
    const [notice] = await first.getMessages(777_000, { limit: 1 });
    expect(notice?.message).toContain(code);
    const again = (await second.invoke(
      new Api.auth.ResendCode({ phoneNumber: ANN, phoneCodeHash: sent.phoneCodeHash }),
    )) as Api.auth.SentCode;
    expect(again.type).toBeInstanceOf(Api.auth.SentCodeTypeSms);
    await expect(signIn(second, ANN, sent.phoneCodeHash, code)).rejects.toMatchObject({
      errorMessage: "PHONE_CODE_EXPIRED",
    });
    await second.invoke(
      new Api.auth.CancelCode({ phoneNumber: ANN, phoneCodeHash: again.phoneCodeHash }),
    );
    expect(telegram.world.latestCode(ANN)?.state).toBe("withdrawn");
  });

  it("refuses what is no number, and asks strangers to sign up", async () => {
    const { telegram } = await stage();
    const client = await connected(telegram);
    await expect(sendCode(client, "12")).rejects.toMatchObject({
      errorMessage: "PHONE_NUMBER_INVALID",
    });
    const { phoneCodeHash } = await sendCode(client, "+15559999999");
    const code = telegram.world.latestCode("+15559999999")?.code ?? "";
    expect(await signIn(client, "+15559999999", phoneCodeHash, code)).toBeInstanceOf(
      Api.auth.AuthorizationSignUpRequired,
    );
  });

  it("sends an account of another DC there", async () => {
    const { telegram } = await stage();
    telegram.world.createAccount({ phone: ANN, dc: 4 });
    const client = await loggedIn(telegram, ANN);
    expect(client.session.dcId).toBe(4);
    expect((await client.getMe()).phone).toBe("15550000001");
    expect(telegram.world.connections().filter((view) => view.dc === 4)).toHaveLength(1);
  });
});

describe("two-step verification", () => {
  it("lets in with the password, not without", async () => {
    const { telegram } = await stage();
    telegram.world.createAccount({ phone: ANN, password: "swördfish", passwordHint: "fish" });
    const client = await connected(telegram);
    const { phoneCodeHash } = await sendCode(client, ANN);
    const code = telegram.world.latestCode(ANN)?.code ?? "";
    await expect(signIn(client, ANN, phoneCodeHash, code)).rejects.toMatchObject({
      code: 401,
      errorMessage: "SESSION_PASSWORD_NEEDED",
    });
    await expect(client.getMe()).rejects.toMatchObject({ errorMessage: "AUTH_KEY_UNREGISTERED" });
    expect((await client.invoke(new Api.account.GetPassword())).hint).toBe("fish");
    await expect(checkPassword(client, "salmon")).rejects.toMatchObject({
      errorMessage: "PASSWORD_HASH_INVALID",
    });
    expect(await checkPassword(client, "swördfish")).toBeInstanceOf(Api.auth.Authorization);
    expect((await client.getMe()).phone).toBe("15550000001");
  });

  it("limits wrong passwords and refuses a stale question", async () => {
    const { telegram, clock } = await stage();
    telegram.world.createAccount({ phone: ANN, password: "right" });
    const client = await connected(telegram);
    const { phoneCodeHash } = await sendCode(client, ANN);
    await expect(
      signIn(client, ANN, phoneCodeHash, telegram.world.latestCode(ANN)?.code ?? ""),
    ).rejects.toThrow();
    const question = await client.invoke(new Api.account.GetPassword());
    const stale = await computeCheck(question, "right");
    await client.invoke(new Api.account.GetPassword());
    await expect(
      client.invoke(new Api.auth.CheckPassword({ password: stale })),
    ).rejects.toMatchObject({
      errorMessage: "SRP_ID_INVALID",
    });
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(checkPassword(client, "wrong")).rejects.toMatchObject({
        errorMessage: "PASSWORD_HASH_INVALID",
      });
    }
    await expect(checkPassword(client, "right")).rejects.toMatchObject({
      code: 406,
      errorMessage: "PHONE_PASSWORD_FLOOD",
    });
    clock.advance(3_600_000);
    expect(await checkPassword(client, "right")).toBeInstanceOf(Api.auth.Authorization);
  });
});

describe("login by QR code", () => {
  it("logs in when the phone has accepted the token, across DCs", async () => {
    const { telegram } = await stage();
    telegram.world.createAccount({ phone: ANN, dc: 4, password: "pw" });
    const client = await connected(telegram);
    const user = await client.signInUserWithQrCode(
      { apiId: API_ID, apiHash: API_HASH },
      {
        qrCode: ({ token }) =>
          Promise.resolve(telegram.world.acceptQrLogin(ANN, token.toString("base64url"))),
        password: () => Promise.resolve("pw"),
        onError: (error) => {
          throw error;
        },
      },
    );
    expect(user).toMatchObject({ phone: "15550000001" });
    expect(client.session.dcId).toBe(4);
  });

  it("keeps a token for 30 seconds, accepts it once, and lets another session scan it", async () => {
    const { telegram, clock } = await stage();
    telegram.world.createAccount({ phone: ANN });
    const phone = await loggedIn(telegram, ANN);
    const screen = await connected(telegram);
    const request = new Api.auth.ExportLoginToken({
      apiId: API_ID,
      apiHash: API_HASH,
      exceptIds: [],
    });
    const first = (await screen.invoke(request)) as Api.auth.LoginToken;
    expect(telegram.world.pendingQrLogins()).toHaveLength(1);
    clock.advance(30_000);
    expect(() => telegram.world.acceptQrLogin(ANN, first.token.toString("base64url"))).toThrow(
      "AUTH_TOKEN_EXPIRED",
    );
    const second = (await screen.invoke(request)) as Api.auth.LoginToken;
    expect(second.token.equals(first.token)).toBe(false);
    expect(
      await phone.invoke(new Api.auth.AcceptLoginToken({ token: second.token })),
    ).toBeInstanceOf(Api.Authorization);
    await expect(
      phone.invoke(new Api.auth.AcceptLoginToken({ token: second.token })),
    ).rejects.toMatchObject({
      errorMessage: "AUTH_TOKEN_ALREADY_ACCEPTED",
    });
    expect(await screen.invoke(request)).toBeInstanceOf(Api.auth.LoginTokenSuccess);
    expect(telegram.world.account(ANN).sessions).toBe(2);
  });
});

describe("a login", () => {
  it("outlives the connection", async () => {
    const { telegram } = await stage();
    telegram.world.createAccount({ phone: ANN });
    const first = await loggedIn(telegram, ANN);
    const saved = savedSession(first);
    await first.destroy();
    await until("the first connection is closed", () => telegram.world.connections().length === 0);
    const second = await connected(telegram, { saved });
    expect((await second.getMe()).phone).toBe("15550000001");
    expect(telegram.world.account(ANN).sessions).toBe(1);
  });

  it("ends by logging out, by the owner's hand, and by resetting the others", async () => {
    const { telegram } = await stage();
    telegram.world.createAccount({ phone: ANN });
    const [one, two, three] = [
      await loggedIn(telegram, ANN),
      await loggedIn(telegram, ANN),
      await loggedIn(telegram, ANN),
    ];
    const listed = await one.invoke(new Api.account.GetAuthorizations());
    expect(listed.authorizations.map((entry) => Boolean(entry.current))).toEqual([
      true,
      false,
      false,
    ]);
    telegram.world.terminateSession(ANN, telegram.world.sessions(ANN)[1]?.keyId ?? "");
    await expect(two.getMe()).rejects.toMatchObject({
      code: 401,
      errorMessage: "AUTH_KEY_UNREGISTERED",
    });
    await one.invoke(new Api.auth.ResetAuthorizations());
    await expect(three.getMe()).rejects.toMatchObject({
      code: 401,
      errorMessage: "SESSION_REVOKED",
    });
    await one.invoke(new Api.auth.LogOut());
    await expect(one.getMe()).rejects.toMatchObject({ errorMessage: "AUTH_KEY_UNREGISTERED" });
    expect(telegram.world.sessions(ANN)).toEqual([]);
  });

  it("moves to another DC by exported authorisation", async () => {
    const { telegram } = await stage();
    telegram.world.createAccount({ phone: ANN });
    const client = await loggedIn(telegram, ANN);
    const exported = await client.invoke(new Api.auth.ExportAuthorization({ dcId: 4 }));
    const foreign = gramjsClient(telegram);
    foreign.session.setDC(4, "127.0.0.4", 80);
    await foreign.connect();
    const imported = new Api.auth.ImportAuthorization({ id: exported.id, bytes: exported.bytes });
    expect(await foreign.invoke(imported)).toBeInstanceOf(Api.auth.Authorization);
    await expect(foreign.invoke(imported)).rejects.toMatchObject({
      errorMessage: "AUTH_BYTES_INVALID",
    });
    expect(telegram.world.account(ANN).sessions).toBe(1);
  });
});
