import { RpcError } from "../../world/errors.ts";
import type { Account } from "../../world/model.ts";
import { Mentions, userObject } from "../render/objects.ts";
import type { TlObject } from "../tl/schema.ts";
import { type Method, object, objects, text, type UserCall } from "./call.ts";
import { channelOfInput, userOfInput } from "./peers.ts";

const getFullUser: Method<UserCall> = (call, query) => {
  const account = userOfInput(call, object(query, "id"));
  return {
    _: "users.userFull",
    full_user: {
      _: "userFull",
      id: account.id,
      settings: { _: "peerSettings" },
      notify_settings: { _: "peerNotifySettings" },
      common_chats_count: 0,
    },
    ...new Mentions(call.world.state, call.account).user(account.id).fields(),
  };
};

const getContacts: Method<UserCall> = (call) => {
  const others = call.world.state.accounts
    .values()
    .filter((account) => account.id !== call.account.id)
    .toArray();
  const contacts = others.map((account) => ({ _: "contact", user_id: account.id, mutual: true }));
  return {
    _: "contacts.contacts",
    contacts,
    saved_count: contacts.length,
    users: others.map((other) => userObject(call.account, other)),
  };
};

function resolved(call: UserCall, found: ReturnType<typeof call.world.byUsername>): TlObject {
  if (!found) throw new RpcError(400, "USERNAME_NOT_OCCUPIED");
  const mentions = new Mentions(call.world.state, call.account);
  if ("phone" in found) {
    return {
      _: "contacts.resolvedPeer",
      peer: { _: "peerUser", user_id: found.id },
      ...mentions.user(found.id).fields(),
    };
  }
  const peer = { kind: "channel", id: found.id } as const;
  return {
    _: "contacts.resolvedPeer",
    peer: { _: "peerChannel", channel_id: found.id },
    ...mentions.peer(peer).fields(),
  };
}

const resolveUsername: Method<UserCall> = (call, query) => {
  const name = text(query, "username");
  if (!/^[A-Za-z]\w{3,31}$/.test(name)) throw new RpcError(400, "USERNAME_INVALID");
  return resolved(call, call.world.byUsername(name));
};

const resolvePhone: Method<UserCall> = (call, query) => {
  const account = call.world.byPhone(text(query, "phone"));
  if (!account) throw new RpcError(400, "PHONE_NOT_OCCUPIED");
  return resolved(call, account);
};

const isKnown = (call: UserCall, input: TlObject): Account[] => {
  try {
    return [userOfInput(call, input)];
  } catch (error) {
    if (error instanceof RpcError) return [];
    throw error;
  }
};

const getChannels: Method<UserCall> = (call, query) => {
  const mentions = new Mentions(call.world.state, call.account);
  for (const input of objects(query, "id"))
    mentions.peer({ kind: "channel", id: channelOfInput(call, input).id });
  return { _: "messages.chats", chats: mentions.fields().chats };
};

/**
 * users.*, contacts.* and channels.getChannels. Every account of the sandbox is a contact of every
 * other.
 */
export const peopleMethods: Record<string, Method<UserCall>> = {
  "users.getUsers": (call, query) =>
    objects(query, "id")
      .flatMap((input) => isKnown(call, input))
      .map((account) => userObject(call.account, account)),
  "users.getFullUser": getFullUser,
  "contacts.getContacts": getContacts,
  "contacts.resolveUsername": resolveUsername,
  "contacts.resolvePhone": resolvePhone,
  "channels.getChannels": getChannels,
};
