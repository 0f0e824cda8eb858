import { encodePress } from "@flotilla/contracts";
import { backButton, pairs, refreshButton, verbButton } from "../kit/keyboard.ts";
import { mayPress, ROLES } from "../kit/roles.ts";
import type { Card } from "../kit/screen.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import { FLEET_TIMES } from "../kit/words/times.ts";
import { LANGUAGES, type Words } from "../kit/words/words.ts";
import type { FleetView } from "../workers/view.ts";
import type { AdminRow } from "./admin-store.ts";
import type { AuditRow } from "./audit-store.ts";
import type { Settings } from "./setting-store.ts";

const back = (words: Words) => backButton(words, encodePress("settings"));

/** ⚙️ Settings: the reader's own, and the fleet's. */
export function settingsScreen(
  view: FleetView,
  settings: Settings,
  places: readonly string[],
): Card {
  const { words, role } = view;
  const quiet = settings.quiet
    ? words.html("settings-quiet", {
        from: clock(settings.quiet.fromMin),
        to: clock(settings.quiet.toMin),
        zone: FLEET_TIMES.name(view.now),
      })
    : words.html("settings-no-quiet");
  const languages = LANGUAGES.map((language) => ({
    text: `${language === words.language ? "• " : ""}${words.text(`language-${language}`)}`,
    callback_data: encodePress("lang", "", language),
  }));
  const together = {
    text: words.text(settings.together ? "button-one-by-one" : "button-together"),
    callback_data: encodePress("together", "", settings.together ? "0" : "1"),
  };
  return {
    html: lines(
      words.html("settings-title"),
      words.html("settings-you", { role: words.text(`role-${role}`) }),
      zoneLine(view),
      quiet,
      words.html(settings.together ? "settings-together" : "settings-one-by-one"),
      places.length === 0
        ? words.html("settings-no-place")
        : words.html("settings-places", { names: places.join(", ") }),
    ).text,
    keyboard: [
      languages,
      [verbButton(words, "zone"), verbButton(words, "limits")],
      ...(mayPress(role, "quiet")
        ? [
            [verbButton(words, "quiet"), together],
            [verbButton(words, "admins"), verbButton(words, "audit")],
          ]
        : []),
      [refreshButton(words, encodePress("settings")), backButton(words, encodePress("menu"))],
    ],
  };
}

function zoneLine({ words, now }: FleetView): Html {
  const { times } = words;
  const name = times.name(now);
  return times.zone === null
    ? words.html("settings-zone-fleet", { name })
    : words.html("settings-zone", { zone: times.zone, name });
}

/** 👥 Admins: who may do what, and how to add one. `link` is an invitation that was just made. */
export function adminsScreen(
  { words }: FleetView,
  admins: readonly AdminRow[],
  link: string | null,
): Card {
  const line = (admin: AdminRow): Html =>
    html`${admin.reachable ? "✅" : "⚠️"} <b>${admin.name}</b> · ${words.text(`role-${admin.role}`)}${admin.reachable ? "" : html` · ${words.html("admins-unreachable")}`}`;
  const buttons = admins
    .filter((admin) => admin.invited)
    .map((admin) => ({
      text: `👤 ${admin.name}`,
      callback_data: encodePress("admin", "", idArg(admin.id)),
    }));
  return {
    html: lines(
      words.html("admins-title"),
      ...admins.map(line),
      "",
      words.html("admins-help"),
      link === null ? null : html`\n${words.html("admins-link")}\n<code>${link}</code>`,
    ).text,
    keyboard: [
      ...pairs(buttons),
      ROLES.map((role) => ({
        text: words.text(`button-invite-${role}`),
        callback_data: encodePress("invite", "", role),
      })),
      [refreshButton(words, encodePress("admins")), back(words)],
    ],
  };
}

/** One invited admin: another role, or off the list. */
export function adminScreen({ words }: FleetView, admin: AdminRow | null): Card {
  const toList = backButton(words, encodePress("admins"));
  if (!admin) return { html: words.html("admin-gone").text, keyboard: [[toList]] };
  const role = (to: (typeof ROLES)[number]) => ({
    text: `${admin.role === to ? "• " : ""}${words.text(`role-${to}`)}`,
    callback_data: encodePress("setrole", "", `${idArg(admin.id)}-${to[1] === "w" ? "w" : to[0]}`),
  });
  const remove = { ...verbButton(words, "unadmin", "", idArg(admin.id)), style: "danger" as const };
  return {
    html: words.html("admin-title", { name: admin.name, role: words.text(`role-${admin.role}`) })
      .text,
    keyboard: [
      ROLES.map(role),
      [remove],
      [refreshButton(words, encodePress("admin", "", idArg(admin.id))), toList],
    ],
  };
}

/** 📒 Audit: who did what, newest first. */
export function auditScreen(
  view: FleetView,
  rows: readonly AuditRow[],
  page: number,
  find: string,
): Card {
  const { words } = view;
  const arg = (to: number): string => encodePress("audit", find, String(to));
  const line = (row: AuditRow): Html =>
    html`<code>${words.text("audit-time", { at: row.at })}</code> ${row.byName}${row.worker ? html` · <b>${row.worker}</b>` : ""} · ${words.said(row.what)}`;
  return {
    html: lines(
      find === "" ? words.html("audit-title") : words.html("audit-title-of", { find }),
      "",
      ...(rows.length === 0 ? [words.html("audit-none")] : rows.map(line)),
    ).text,
    keyboard: [
      [
        { text: "◀️", callback_data: arg(Math.max(0, page - 1)) },
        { text: String(page + 1), callback_data: arg(page) },
        { text: "▶️", callback_data: arg(page + 1) },
      ],
      [verbButton(words, "auditfile", find), refreshButton(words, arg(page))],
      [backButton(words, find === "" ? encodePress("menu") : encodePress("worker", find))],
    ],
  };
}

/** An id of a user in a button: digits in base 36, which are shorter. */
export function idArg(id: string): string {
  return BigInt(id).toString(36);
}

/** Minutes since midnight as 07:30. */
function clock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}
