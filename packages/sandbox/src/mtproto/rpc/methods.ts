import { accountMethods } from "./account.ts";
import { authCodeMethods } from "./auth-code.ts";
import { keyMethods, keyUserMethods } from "./auth-keys.ts";
import { authPasswordMethods } from "./auth-password.ts";
import { qrMethods, qrUserMethods } from "./auth-qr.ts";
import type { Method, UserCall } from "./call.ts";
import { channelMethods } from "./channels.ts";
import { fileMethods } from "./files.ts";
import { forumMethods } from "./forums.ts";
import { helpMethods } from "./help.ts";
import { historyMethods } from "./history.ts";
import { messageMethods } from "./messages.ts";
import { updateMethods } from "./updates.ts";
import { peopleMethods } from "./users.ts";

/** Methods open to everybody. */
export const openMethods: Readonly<Record<string, Method>> = {
  ...helpMethods,
  ...authCodeMethods,
  ...authPasswordMethods,
  ...qrMethods,
  ...keyMethods,
};

/** Methods for the logged in; others get AUTH_KEY_UNREGISTERED. */
export const userMethods: Readonly<Record<string, Method<UserCall>>> = {
  ...accountMethods,
  ...keyUserMethods,
  ...qrUserMethods,
  ...peopleMethods,
  ...channelMethods,
  ...forumMethods,
  ...messageMethods,
  ...fileMethods,
  ...historyMethods,
  ...updateMethods,
};
