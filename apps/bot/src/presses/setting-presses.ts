import { randomBytes } from "node:crypto";
import type { PressContext } from "../chat/press-context.ts";
import { isGroup } from "../chat/target.ts";
import { ROLES } from "../roles.ts";
import type { AdminRow } from "../store/admins.ts";
import { type Said, say } from "../words/said.ts";
import { LANGUAGES } from "../words/words.ts";
import { ask, type Handler, type PressDeps, show } from "./deps.ts";

/** Buttons of Settings; the role is checked before they get here. */
export const settingPresses = {
  limits: (deps, context) => show(deps, context, { kind: "limits" }),
  settings: (deps, context) => show(deps, context, { kind: "settings" }),
  lang: async (deps, context) => {
    const language = LANGUAGES.find((each) => each === context.press.arg);
    if (language) deps.admins.setLanguage(context.admin, language);
    await show(deps, context, { kind: "settings" });
  },
  zone: async (deps, context) => {
    if (context.press.arg !== "off") return await ask(deps, context, "zone", null);
    deps.admins.setZone(context.admin, null);
    await show(deps, context, { kind: "settings" });
  },
  quiet: async (deps, context) => {
    if (context.press.arg !== "off") return await ask(deps, context, "quiet", null);
    deps.settings.setQuiet(null);
    note(deps, context, say("audit-quiet-off"));
    await show(deps, context, { kind: "settings" });
  },
  together: async (deps, context) => {
    const together = context.press.arg === "1";
    deps.settings.setTogether(together);
    note(deps, context, say(together ? "audit-together" : "audit-one-by-one"));
    await show(deps, context, { kind: "settings" });
  },
  admins: (deps, context) => show(deps, context, { kind: "admins", link: null }),
  admin: async (deps, context) => {
    const admin = adminOf(deps, context.press.arg);
    await show(
      deps,
      context,
      admin ? { kind: "admin", id: admin.id } : { kind: "admins", link: null },
    );
  },
  invite: async (deps, context) => {
    // Everybody in a group could take the link.
    if (isGroup(context.chat)) return await context.toast(say("toast-invite-private"));
    const role = ROLES.find((each) => each === context.press.arg);
    if (!role) return await show(deps, context, { kind: "admins", link: null }, say("toast-stale"));
    const token = randomBytes(12).toString("base64url");
    deps.admins.invite(token, role, context.asker, deps.clock.now());
    note(deps, context, say("audit-invited", { role }));
    await show(deps, context, { kind: "admins", link: deps.deepLink(`join_${token}`) });
  },
  setrole: async (deps, context) => {
    const [id = "", letter = ""] = context.press.arg.split("-");
    const admin = adminOf(deps, id);
    const role = { v: "viewer", o: "operator", w: "owner" }[letter];
    const to = ROLES.find((each) => each === role);
    if (admin?.invited && to) {
      deps.admins.setRole(admin.id, to);
      note(deps, context, say("audit-role", { name: admin.name, role: to }));
    }
    await show(
      deps,
      context,
      admin ? { kind: "admin", id: admin.id } : { kind: "admins", link: null },
    );
  },
  unadmin: async (deps, context) => {
    const admin = adminOf(deps, context.press.arg);
    if (admin?.invited) {
      deps.admins.remove(admin.id);
      note(deps, context, say("audit-removed", { name: admin.name }));
    }
    await show(deps, context, { kind: "admins", link: null });
  },
} satisfies Record<string, Handler>;

function note(deps: PressDeps, context: PressContext, what: Said): void {
  deps.audit.write(context.asker, what, null, deps.clock.now());
}

function adminOf(deps: PressDeps, id36: string): AdminRow | null {
  const id = [...id36].reduce(
    (sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36) || 0),
    0n,
  );
  return deps.admins.find(String(id));
}
