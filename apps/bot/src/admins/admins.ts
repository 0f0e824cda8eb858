import { randomBytes } from "node:crypto";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, type Screen, screen } from "../kit/chat/screen.ts";
import { isGroup } from "../kit/chat/target.ts";
import { backButton, choiceLabel, pairs, refreshButton, verbButton } from "../kit/keyboard.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import { ROLES } from "../kit/roles.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import { say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import type { FleetView } from "../workers/view.ts";
import type { AdminRow, AdminStore } from "./admin-store.ts";
import { type AdminDeps, note } from "./deps.ts";

/** `link`: an invitation that was just made. */
const data = z.object({ link: z.string().nullable() });
const adminData = z.object({ id: z.string() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    admins: z.infer<typeof data>;
    admin: z.infer<typeof adminData>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    admins: true;
    admin: true;
    invite: true;
    setrole: true;
    unadmin: true;
  }
}

type Known = { readonly admins: AdminStore };

/** 👥 Admins. The link of an invitation is shown on it once, to the owner who made it. */
export const admins = screen("admins", data, (deps: Known, view: FleetView, { link }) =>
  adminsScreen(view, deps.admins.all(), link),
);
/** One admin; of one who was removed in the meantime it says so. */
export const admin = screen("admin", adminData, (deps: Known, view: FleetView, { id }) =>
  adminScreen(view, deps.admins.find(id)),
);

const LIST = { kind: "admins", link: null } as const;
const cardOf = (found: AdminRow | null): Screen => (found ? { kind: "admin", id: found.id } : LIST);

/** 👥 Admins, without an invitation. */
export const adminsButton = button("admins", "owner", (deps: ChatDeps, context) =>
  show(deps, context, LIST),
);

const adminButton = button("admin", "owner", (deps: AdminDeps, context) =>
  show(deps, context, cardOf(adminOf(deps, context.press.arg))),
);

/** A link that makes the first one who opens it an admin with the role of the argument. */
const invite = button(
  "invite",
  "owner",
  async (deps: AdminDeps & { readonly deepLink: (parameter: string) => string }, context) => {
    // Everybody in a group could take the link.
    if (isGroup(context.chat)) return await context.toast(say("toast-invite-private"));
    const role = ROLES.find((each) => each === context.press.arg);
    if (!role) return await show(deps, context, LIST, say("toast-stale"));
    const token = randomBytes(12).toString("base64url");
    deps.admins.invite(token, role, context.asker, deps.clock.now());
    note(deps, context, say("audit-invited", { role }));
    await show(deps, context, { kind: "admins", link: deps.deepLink(`join_${token}`) });
  },
);

const setRole = button("setrole", "owner", async (deps: AdminDeps, context) => {
  const [id = "", letter = ""] = context.press.arg.split("-");
  const found = adminOf(deps, id);
  const to = ROLES.find((role) => letterOf(role) === letter);
  if (found?.invited && to) {
    deps.admins.setRole(found.id, to);
    note(deps, context, say("audit-role", { name: found.name, role: to }));
  }
  await show(deps, context, cardOf(found));
});

const remove = button("unadmin", "owner", async (deps: AdminDeps, context) => {
  const found = adminOf(deps, context.press.arg);
  if (found?.invited) {
    deps.admins.remove(found.id);
    note(deps, context, say("audit-removed", { name: found.name }));
  }
  await show(deps, context, LIST);
});

/** Buttons of 👥 Admins. */
export const adminButtons = [adminsButton, adminButton, invite, setRole, remove];

/** A role in a button: `owner` is `w`, because `operator` has the `o`. */
function letterOf(role: (typeof ROLES)[number]): string {
  return role === "owner" ? "w" : role.slice(0, 1);
}

function adminOf(deps: Known, id36: string): AdminRow | null {
  const id = [...id36].reduce(
    (sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36) || 0),
    0n,
  );
  return deps.admins.find(String(id));
}

/** 👥 Admins: who may do what, and how to add one. `link` is an invitation that was just made. */
export function adminsScreen(
  { words }: FleetView,
  all: readonly AdminRow[],
  link: string | null,
): Card {
  const buttons = all
    .filter((admin) => admin.invited)
    .map((admin) => ({
      text: `👤 ${admin.name}`,
      callback_data: encodePress("admin", "", idArg(admin.id)),
    }));
  return {
    html: lines(
      words.html("admins-title"),
      ...all.map((each) => adminLine(words, each)),
      "",
      words.html("admins-help"),
      link !== null && html`\n${words.html("admins-link")}\n<code>${link}</code>`,
    ).text,
    keyboard: [
      ...pairs(buttons),
      ROLES.map((role) => ({
        text: words.text(`button-invite-${role}`),
        callback_data: encodePress("invite", "", role),
      })),
      [refreshButton(words, encodePress("admins")), backButton(words, encodePress("settings"))],
    ],
  };
}

function adminLine(words: Words, { name, role, reachable }: AdminRow): Html {
  const known = html`<b>${name}</b> · ${words.text(`role-${role}`)}`;
  return reachable ? html`✅ ${known}` : html`⚠️ ${known} · ${words.html("admins-unreachable")}`;
}

/** One invited admin: another role, or off the list. */
export function adminScreen({ words }: FleetView, admin: AdminRow | null): Card {
  const toList = backButton(words, encodePress("admins"));
  if (!admin) return { html: words.html("admin-gone").text, keyboard: [[toList]] };
  const role = (to: (typeof ROLES)[number]) => ({
    text: choiceLabel(words.text(`role-${to}`), admin.role === to),
    callback_data: encodePress("setrole", "", `${idArg(admin.id)}-${letterOf(to)}`),
  });
  const off = { ...verbButton(words, "unadmin", "", idArg(admin.id)), style: "danger" as const };
  return {
    html: words.html("admin-title", { name: admin.name, role: words.text(`role-${admin.role}`) })
      .text,
    keyboard: [
      ROLES.map(role),
      [off],
      [refreshButton(words, encodePress("admin", "", idArg(admin.id))), toList],
    ],
  };
}

/** An id of a user in a button: digits in base 36, which are shorter. */
export function idArg(id: string): string {
  return BigInt(id).toString(36);
}
