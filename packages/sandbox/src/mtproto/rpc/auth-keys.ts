import { randomBytes } from "node:crypto";
import { RpcError } from "../../world/errors.ts";
import { openBindMessage } from "../crypto/message.ts";
import { serviceCodec } from "../tl/service.ts";
import { authorize } from "./auth-code.ts";
import { bytes, int, long, type Method, type UserCall } from "./call.ts";

/** https://core.telegram.org/method/auth.bindTempAuthKey */
const bindTempAuthKey: Method = ({ keys, key, session }, query) => {
  const permanentId = BigInt.asUintN(64, long(query, "perm_auth_key_id")).toString();
  const permanent = keys.get(permanentId);
  if (!key.temp) throw new RpcError(400, "TEMP_AUTH_KEY_EMPTY");
  if (!permanent || permanent.temp) throw new RpcError(400, "ENCRYPTED_MESSAGE_INVALID");
  const plain = openBindMessage(permanent.bytes, bytes(query, "encrypted_message").subarray(8));
  const inner = plain && serviceCodec.decode(plain);
  const fits =
    inner?._ === "bind_auth_key_inner" &&
    inner["nonce"] === query["nonce"] &&
    inner["expires_at"] === query["expires_at"] &&
    inner["temp_session_id"] === session.id &&
    BigInt.asUintN(64, long(inner, "temp_auth_key_id")).toString() === key.id &&
    BigInt.asUintN(64, long(inner, "perm_auth_key_id")).toString() === permanentId;
  if (!fits) throw new RpcError(400, "ENCRYPTED_MESSAGE_INVALID");
  if (key.temp.permanentId !== null && key.temp.permanentId !== permanentId)
    throw new RpcError(400, "TEMP_AUTH_KEY_ALREADY_BOUND");
  key.temp.permanentId = permanentId;
  key.temp.expiresAt = int(query, "expires_at");
  return true;
};

const exportAuthorization: Method<UserCall> = ({ account, dc, dcs, exported }, query) => {
  const target = int(query, "dc_id");
  if (target === dc || !dcs().some(({ id }) => id === target))
    throw new RpcError(400, "DC_ID_INVALID");
  const secret = randomBytes(64);
  exported.set(account.id, { account: account.id, secret, dc: target });
  return { _: "auth.exportedAuthorization", id: account.id, bytes: secret };
};

const importAuthorization: Method = (call, query) => {
  const id = long(query, "id");
  const found = call.exported.get(id);
  const account = found && call.world.state.accounts.get(found.account);
  if (!account || found.dc !== call.dc || !found.secret.equals(bytes(query, "bytes")))
    throw new RpcError(400, "AUTH_BYTES_INVALID");
  call.exported.delete(id);
  return authorize(call, account, true);
};

/** Keys and logins of one client in several DCs; open to everybody. */
export const keyMethods: Record<string, Method> = {
  "auth.bindTempAuthKey": bindTempAuthKey,
  "auth.importAuthorization": importAuthorization,
};

/** The part that needs a login. */
export const keyUserMethods: Record<string, Method<UserCall>> = {
  "auth.exportAuthorization": exportAuthorization,
};
