/**
 * Verb × role: one table over every button, every text command and every question (promises.md: a
 * mutant let viewers restart workers).
 */
import { expect, test } from "vitest";
import { REGISTRY } from "../src/app/features.ts";
import { handlePress } from "../src/app/presses.ts";
import { handleText } from "../src/app/texts.ts";
import type { QuestionName } from "../src/kit/question.ts";
import { ROLES, type Role } from "../src/kit/roles.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { at, PASSWORD, PHONE } from "./login-at.ts";
import { ANN, ASKER, BEN, WORKER } from "./support.ts";

/**
 * What each role may do, written down apart from the source: a button that changes sides is noticed
 * here.
 */
const MAY: Readonly<Record<Role, string>> = {
  viewer: `menu workers worker log logfile who logins devices alerts crew runbook health settings lang
    zone limits find chart cancel routes route sources backups schedules schedule
    hosts host`,
  operator: `doctor rset srcset audit auditfile more rename note tags restart start stop check look take these
    hush mute maintain test bulk bulkstop retry bnow brest brestyes hstop hstopyes resume
    resumeyes rules login lqr lfile luse lphone lkey lback lsend lnew lcancel lkeep yes
    schedrun`,
  owner: `rnew redit rwiz ruleset proxy proxyyes add drill delete logout rmsession quiet together
    admins admin invite setrole unadmin schedset schedtag schedcron roll rollyes rollstop
    record recordyes recordno addat move moveto movestop
    floating floaton floatoff hforget hforgetyes hforgetkeep
    drain drainmove drainstop draincancel drainend`,
};
const COMMANDS: Readonly<Record<Role, string>> = {
  viewer: "start menu workers status who logs alerts health settings schedules cancel help",
  operator: "restart stop login mute doctor",
  owner: "proxy here",
};
const QUESTIONS: Readonly<Record<QuestionName, Role>> = {
  find: "viewer",
  zone: "viewer",
  rename: "operator",
  tags: "operator",
  note: "operator",
  since: "operator",
  "worker-name": "owner",
  delete: "owner",
  proxy: "owner",
  quiet: "owner",
  rwiz: "owner",
  schedcron: "owner",
};
/** An answer that would change something. */
const ANSWERS: Readonly<Record<QuestionName, string>> = {
  find: WORKER,
  zone: "Europe/Berlin",
  rename: "Renamed",
  tags: "renamed",
  note: "watch the quota",
  since: "2026-01-01",
  "worker-name": "news_9",
  delete: WORKER,
  proxy: "socks5://127.0.0.1:1",
  quiet: "22:00-07:00",
  rwiz: "Renamed",
  schedcron: "04:30",
};

const needs = (table: Readonly<Record<Role, string>>): (readonly [string, Role])[] =>
  ROLES.flatMap((role) => (table[role].match(/\S+/g) ?? []).map((each) => [each, role] as const));
const below = (role: Role): Role[] =>
  ROLES.filter((each) => ROLES.indexOf(each) < ROLES.indexOf(role));

async function withWorker(): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.addWorker(WORKER, ASKER);
  return fleet;
}

/** Ann is an invited admin with this role, as ADMIN_IDS names owners only. */
function becomes({ parts: { admins } }: Pick<Fleet, "parts">, role: Role): void {
  admins.keepOnly([BEN]);
  if (admins.role(ANN) === null) {
    admins.invite("token", role, { id: BEN, name: "Ben" }, 0);
    admins.accept("token", ASKER, 0);
  }
  admins.setRole(ANN, role);
}

/** All that a press or a text can change. */
function recorded({ db }: Fleet): unknown {
  const tables = [
    "worker",
    "command",
    "audit",
    "setting",
    "admin",
    "invite",
    "route",
    "silence",
    "roll",
    "drain",
    "schedule",
    "schedule_run",
  ];
  const there = new Set(
    db
      .read<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .map(({ name }) => name),
  );
  // Whether a question is open is not what it asks about.
  const rowsOf = (table: string): object[] =>
    db
      .read<object>(`SELECT * FROM ${table}`)
      .map((row) => ({ ...row, expecting: null, expecting_about: null }));
  return tables.flatMap((table) => (there.has(table) ? [[table, rowsOf(table)]] : []));
}

test("the tables name every button, every command and every question", () => {
  const names = (table: Readonly<Record<Role, string>>): string[] =>
    needs(table)
      .map(([name]) => name)
      .sort();
  expect(names(MAY)).toEqual([...REGISTRY.buttons.keys()].sort());
  expect(names(COMMANDS)).toEqual([...REGISTRY.commands.keys()].sort());
});

test(
  "a button is refused to each role below its own, changes nothing, and is not refused to " +
    "its own role",
  async () => {
    const fleet = await withWorker();
    let n = 0;
    const press = async (verb: string, role: Role): Promise<string | undefined> => {
      const said: (string | undefined)[] = [];
      const message = (await fleet.bot.api.sendMessage(777, "card")).message_id;
      await handlePress(fleet.parts, {
        id: `press-${String(++n).padStart(10, "0")}`,
        role,
        admin: ANN,
        press: { verb: verb, about: WORKER, arg: "" },
        asker: ASKER,
        chat: "777",
        message,
        toast: async (text) => void said.push(text?.key),
      });
      return said[0];
    };
    for (const [verb, least] of needs(MAY)) {
      const before = recorded(fleet);
      for (const role of below(least))
        expect(`${verb} ${role} ${await press(verb, role)}`).toBe(`${verb} ${role} toast-refused`);
      expect(recorded(fleet)).toEqual(before);
      expect(`${verb} ${await press(verb, least)}`).not.toContain("toast-refused");
    }
  },
);

test("a text command is refused to each role below its own", async () => {
  const fleet = await withWorker();
  let n = 0;
  for (const [command, least] of needs(COMMANDS))
    for (const role of ROLES) {
      becomes(fleet, role);
      const chat = { id: 777, type: "private", first_name: "Ann" } as const;
      const entities = [{ type: "bot_command", offset: 0, length: command.length + 1 }] as const;
      const message = {
        message_id: 1000 + ++n,
        date: 1,
        chat,
        from: { ...chat, is_bot: false },
        text: `/${command}`,
        entities,
      };
      const calls = (await fleet.calls()).length;
      await fleet.bot.handleUpdate({ update_id: n, message } as never);
      const told = (await fleet.calls())
        .slice(calls)
        .map(({ params }) => String(params["text"] ?? ""));
      const isRefused = told.some((text) => /^You are .*needs?/s.test(text));
      expect(`/${command} ${role} ${isRefused}`).toBe(
        `/${command} ${role} ${below(least).includes(role)}`,
      );
    }
});

test.each(
  (Object.keys(QUESTIONS) as QuestionName[]).map((name) => [name, QUESTIONS[name]] as const),
)(
  "the answer to %s counts for nothing from an admin whose role was taken away meanwhile (needs %s)",
  async (question, least) => {
    for (const role of below(least)) {
      const fleet = await withWorker();
      const before = recorded(fleet);
      let erased = false;
      const about = question === "delete" ? `${WORKER} ${fleet.parts.clock.now()}` : WORKER;
      fleet.parts.admins.expect(ANN, question, about, "777");
      await handleText(fleet.parts, {
        id: "press-0000000001",
        text: ANSWERS[question],
        admin: ANN,
        role,
        asker: ASKER,
        chat: "777",
        erase: async () => {
          erased = true;
          return true;
        },
        reply: async () => {},
      });
      expect(recorded(fleet)).toEqual(before);
      expect(fleet.parts.admins.expecting(ANN, "777")).toBeNull();
      // An address may hold a password.
      expect(erased).toBe(question === "proxy");
    }
  },
);

test.each([
  ["the phone", PHONE, "+15550100001"],
  ["the password", PASSWORD, "secret"],
])(
  "%s of a login that an admin types whose role was taken away meanwhile is deleted and goes nowhere",
  async (_, step, text) => {
    const it = await at(step, (fleet) => becomes(fleet, "operator"));
    it.parts.admins.setRole(ANN, "viewer");
    await it.send({ text });
    expect([it.reached, await it.left()]).toEqual([[], []]);
  },
);
