import { AppError } from "@flotilla/kernel";
import type { SelfUser } from "@flotilla/session-store";
import { Api } from "telegram";
import type { Link } from "./link.ts";

/**
 * Asks the server for the own account (`users.getUsers` of self). AppError `account-gone` when the
 * answer is not a user, `account-is-bot` for a bot; a deleted account counts as banned
 * (docs/gramjs.md).
 */
export async function fetchSelf(link: Link): Promise<SelfUser> {
  const [user] = await link.invoke(new Api.users.GetUsers({ id: [new Api.InputUserSelf()] }));
  if (!(user instanceof Api.User) || user.deleted) {
    throw new AppError(
      "account-gone",
      "Telegram does not know the account of this session any more.",
    );
  }
  if (user.bot)
    throw new AppError(
      "account-is-bot",
      "This session belongs to a bot. Flotilla runs user accounts only; a bot needs no session.",
    );
  return {
    id: user.id.toString(),
    name:
      [user.firstName, user.lastName].filter(Boolean).join(" ") ||
      user.username ||
      user.id.toString(),
    username: user.username ?? null,
    phone: user.phone ?? null,
  };
}
