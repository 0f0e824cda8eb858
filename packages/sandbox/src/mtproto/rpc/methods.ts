import { authCodeMethods } from "./auth-code.ts";
import type { Method, UserCall } from "./call.ts";
import { helpMethods } from "./help.ts";
import { updateMethods } from "./updates.ts";
import { userMethods as peopleMethods } from "./users.ts";

/** Methods open to everybody. */
export const openMethods: Record<string, Method> = { ...helpMethods, ...authCodeMethods };

/** Methods for the logged in; others get AUTH_KEY_UNREGISTERED. */
export const userMethods: Record<string, Method<UserCall>> = { ...peopleMethods, ...updateMethods };
