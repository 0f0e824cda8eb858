import { RpcError } from "../../world/errors.ts";
import type { Account, QrToken } from "../../world/model.ts";
import type { TlObject } from "../tl/schema.ts";
import { authorizationObject } from "./account.ts";
import { authorizeOrAskPassword } from "./auth-code.ts";
import { bytes, type Call, longs, type Method, type UserCall } from "./call.ts";

function acceptedBy(call: Call, token: QrToken): Account {
  const account =
    token.acceptedBy === null ? undefined : call.world.state.accounts.get(token.acceptedBy);
  if (!account) throw new RpcError(400, "AUTH_TOKEN_INVALID");
  return account;
}

function finish(call: Call, token: QrToken, account: Account): TlObject {
  token.used = true;
  return { _: "auth.loginTokenSuccess", authorization: authorizeOrAskPassword(call, account) };
}

const exportLoginToken: Method = (call, query) => {
  const token = call.world.qr.export({
    keyId: call.permanent.id,
    dc: call.dc,
    exceptIds: longs(query, "except_ids"),
  });
  const raw = Buffer.from(token.token, "base64url");
  if (token.acceptedBy === null)
    return { _: "auth.loginToken", expires: Math.floor(token.expiresAt / 1000), token: raw };
  const account = acceptedBy(call, token);
  if (account.dc !== call.dc)
    return { _: "auth.loginTokenMigrateTo", dc_id: account.dc, token: raw };
  return finish(call, token, account);
};

const importLoginToken: Method = (call, query) => {
  const token = call.world.qr.redeem(bytes(query, "token").toString("base64url"));
  const account = acceptedBy(call, token);
  if (account.dc !== call.dc) throw new RpcError(303, `USER_MIGRATE_${account.dc}`);
  return finish(call, token, account);
};

const acceptLoginToken: Method<UserCall> = (call, query) => {
  const keyId = call.world.acceptQr(bytes(query, "token").toString("base64url"), call.account);
  const client = call.keys.get(keyId)?.client;
  const now = call.clock.now();
  return authorizationObject(
    { hash: 0n, client: client ?? null, ip: "127.0.0.1", createdAt: now, activeAt: now },
    false,
  );
};

/** QR login (https://core.telegram.org/api/qr-login), the side that shows the code. */
export const qrMethods: Record<string, Method> = {
  "auth.exportLoginToken": exportLoginToken,
  "auth.importLoginToken": importLoginToken,
};

/** QR login, the side that scans it. */
export const qrUserMethods: Record<string, Method<UserCall>> = {
  "auth.acceptLoginToken": acceptLoginToken,
};
