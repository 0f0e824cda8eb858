import { RpcError } from "../../world/errors.ts";
import type { Authorization, ClientInfo } from "../../world/model.ts";
import type { TlObject } from "../tl/schema.ts";
import { long, type Method, type UserCall } from "./call.ts";

/** A login as Settings → Devices shows it. */
export function authorizationObject(
  entry: Pick<Authorization, "hash" | "ip" | "createdAt" | "activeAt"> & {
    readonly client: ClientInfo | null;
  },
  current: boolean,
): TlObject {
  return {
    _: "authorization",
    current,
    hash: current ? 0n : entry.hash,
    device_model: entry.client?.device ?? "unknown",
    platform: "",
    system_version: entry.client?.system ?? "",
    api_id: entry.client?.apiId ?? 0,
    app_name: "sandbox client",
    app_version: entry.client?.app ?? "",
    date_created: Math.floor(entry.createdAt / 1000),
    date_active: Math.floor(entry.activeAt / 1000),
    ip: entry.ip,
    country: "Sandbox",
    region: "",
  };
}

const getAuthorizations: Method<UserCall> = ({ world, account, permanent }) => ({
  _: "account.authorizations",
  authorization_ttl_days: 183,
  authorizations: world
    .authorizationsOf(account)
    .map((entry) => authorizationObject(entry, entry.keyId === permanent.id)),
});

const resetAuthorization: Method<UserCall> = ({ world, account, permanent }, query) => {
  const entry = world
    .authorizationsOf(account)
    .find((candidate) => candidate.hash === long(query, "hash"));
  if (!entry || entry.keyId === permanent.id) throw new RpcError(400, "HASH_INVALID");
  world.logOut(entry.keyId, "unregistered");
  return true;
};

const resetAuthorizations: Method<UserCall> = ({ world, account, permanent }) => {
  for (const entry of world.authorizationsOf(account))
    if (entry.keyId !== permanent.id) world.logOut(entry.keyId, "revoked");
  return true;
};

const logOut: Method<UserCall> = ({ world, permanent }) => {
  world.logOut(permanent.id, null);
  return { _: "auth.loggedOut" };
};

/** account.* and the end of logins. */
export const accountMethods: Record<string, Method<UserCall>> = {
  "account.getAuthorizations": getAuthorizations,
  "account.resetAuthorization": resetAuthorization,
  "account.updateStatus": () => true,
  "auth.resetAuthorizations": resetAuthorizations,
  "auth.logOut": logOut,
};
