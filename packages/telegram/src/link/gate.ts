import { AppError } from "@flotilla/kernel";
import type { Api } from "telegram";

/**
 * Every method that this program calls. Closed on purpose: a new one is a code change that a
 * reviewer sees. docs/safety.md lists the methods that will never be here (inviting, scraping,
 * importing contacts, reports, votes, sign-up, …).
 */
export const ALLOWED_METHODS = [
  "account.getAuthorizations",
  "account.getPassword",
  "auth.cancelCode",
  "auth.checkPassword",
  "auth.exportAuthorization",
  "auth.exportLoginToken",
  "auth.importAuthorization",
  "auth.importLoginToken",
  "auth.logOut",
  "auth.resendCode",
  "auth.sendCode",
  "auth.signIn",
  "channels.deleteMessages",
  "channels.getForumTopics",
  "channels.getFullChannel",
  "channels.getMessages",
  "contacts.resolveUsername",
  "help.getConfig",
  "messages.deleteMessages",
  "messages.editMessage",
  "messages.forwardMessages",
  "messages.getDialogs",
  "messages.getHistory",
  "messages.getMessages",
  "messages.getPeerDialogs",
  "messages.getReplies",
  "messages.sendMedia",
  "messages.sendMessage",
  "messages.sendMultiMedia",
  "updates.getChannelDifference",
  "updates.getDifference",
  "updates.getState",
  "messages.uploadMedia",
  "upload.getFile",
  "upload.saveBigFilePart",
  "upload.saveFilePart",
  "users.getUsers",
] as const;

const ALLOWED: ReadonlySet<string> = new Set(ALLOWED_METHODS);

/** Method name as in the documentation, e.g. `users.getUsers` for GramJS's `users.GetUsers`. */
export function methodName(request: Api.AnyRequest): string {
  return request.className.replace(
    /(^|\.)([A-Z])([^.]*)$/,
    (_all, dot: string, first: string, rest: string) => dot + first.toLowerCase() + rest,
  );
}

/**
 * Throws AppError `method-refused` unless the method is on the list. Refuses wrappers too: they
 * could contain any method.
 */
export function assertAllowed(request: Api.AnyRequest): void {
  const method = methodName(request);
  if (ALLOWED.has(method)) return;
  throw new AppError("method-refused", `This program does not call ${method}.`, {
    details: { method },
  });
}
