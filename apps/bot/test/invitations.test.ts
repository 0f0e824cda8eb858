/** Invitations: who may use one, until when, and who learns of it (invariant 9). */
import { describe, expect, test } from "vitest";
import { AdminStore } from "../src/admins/admin-store.ts";
import { handlePress } from "../src/app/presses.ts";
import type { Role } from "../src/kit/roles.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { GROUP } from "./group.ts";
import { ANN, ASKER, BEN, controlDb, TestClock } from "./support.ts";

const MIN = 60_000;
const CAT = 900;
const DAN = 901;

/** Ann and Ben are owners by ADMIN_IDS; what a person writes reaches the bot. */
async function fleetOf(): Promise<Fleet & { start(user: number, token: string): Promise<void> }> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  await fleet.poll();
  const met = new Set([777]);
  const start = async (user: number, token: string): Promise<void> => {
    const person = { user, firstName: NAMES[user] };
    if (!met.has(user)) await fleet.post("/chat/start", person);
    met.add(user);
    await fleet.post("/chat/text", { ...person, text: `/start join_${token}` });
  };
  return { ...fleet, start };
}
const NAMES: Readonly<Record<number, string>> = { 777: "Ann", [CAT]: "Cat", [DAN]: "Dan" };

async function store() {
  const clock = new TestClock();
  const admins = new AdminStore(await controlDb());
  admins.keepOnly([ANN, BEN]);
  const accept = (token: string, id = CAT): Role | null =>
    admins.accept(token, { id: String(id), name: NAMES[id] ?? "" }, clock.ms);
  const invite = (token: string, role: Role = "operator", by = ASKER): void =>
    admins.invite(token, role, by, clock.ms);
  return { clock, admins, accept, invite };
}

describe("an invitation", () => {
  test("is used once, by the first who comes", async () => {
    const it = await store();
    it.invite("token-1");
    expect([it.accept("token-1"), it.accept("token-1", DAN)]).toEqual(["operator", null]);
    expect(it.admins.find(String(DAN))).toBeNull();
  });

  test.each([
    [0, "operator"],
    [15 * MIN, "operator"],
    [15 * MIN + 1, null],
    [-24 * 60 * MIN, null],
  ])(
    "is good for 15 min, also when the clock was set (%i ms after it was made)",
    async (ms, role) => {
      const it = await store();
      it.invite("token-1");
      it.clock.ms += ms;
      expect(it.accept("token-1")).toBe(role);
    },
  );

  test("several are open at once, each with its own role", async () => {
    const it = await store();
    it.invite("token-1", "viewer");
    it.invite("token-2", "owner");
    expect([it.accept("token-2"), it.accept("token-1", DAN)]).toEqual(["owner", "viewer"]);
  });

  test.each(["removed", "an operator", "a viewer", "not in ADMIN_IDS any more"])(
    "ends when the owner who made it is %s: it does not bring that owner back",
    async (now) => {
      const it = await store();
      const eve = { id: String(DAN), name: "Dan" };
      it.invite("token-0", "owner");
      if (now.startsWith("not")) it.admins.keepOnly([ANN, String(DAN) as typeof ANN]);
      else it.accept("token-0", DAN);
      it.invite("token-1", "owner", eve);
      it.invite("token-2", "owner", eve);
      if (now === "removed") it.admins.remove(eve.id);
      else if (now.startsWith("not")) it.admins.keepOnly([ANN]);
      else it.admins.setRole(eve.id, now === "a viewer" ? "viewer" : "operator");
      expect([it.accept("token-1"), it.accept("token-2", DAN)]).toEqual([null, null]);
    },
  );
});

describe("the link of an invitation", () => {
  test("makes its user an admin: the owners and the audit learn who came, and by whom", async () => {
    const fleet = await fleetOf();
    fleet.parts.admins.invite("token-12", "operator", ASKER, fleet.clock.now());
    await fleet.start(CAT, "token-12");
    await fleet.waitForBot(CAT, "Fleet");
    expect(fleet.parts.admins.role(String(CAT))).toBe("operator");
    await fleet.parts.outbox.flush();
    await fleet.waitForBot(777, "Cat accepted an invitation and is now an operator");
    expect(fleet.parts.audit.find("Cat", 9).map(({ what }) => what)).toEqual([
      { key: "audit-joined", args: { role: "operator", by: "Ann" } },
    ]);
  });

  test("tells of each of two who come in the same moment", async () => {
    const fleet = await fleetOf();
    fleet.clock.stop();
    const now = fleet.clock.now();
    for (const [token, user] of [
      ["token-12", CAT],
      ["token-34", DAN],
    ] as const) {
      fleet.parts.admins.invite(token, "viewer", ASKER, now);
      await fleet.start(user, token);
      await fleet.waitForBot(user, "Fleet");
    }
    await fleet.parts.outbox.flush();
    await fleet.waitForBot(777, "Cat accepted an invitation");
    await fleet.waitForBot(777, "Dan accepted an invitation");
  });

  test("is not used up by a bot that cannot write down who came", async () => {
    const fleet = await fleetOf();
    const { admins } = fleet.parts;
    admins.invite("token-12", "owner", ASKER, fleet.clock.now());
    fleet.db.write("CREATE TRIGGER full BEFORE INSERT ON alert BEGIN SELECT RAISE(ABORT, ''); END");
    await fleet.start(CAT, "token-12");
    await fleet.start(777, "x");
    await fleet.waitForBot(777, "Fleet");
    expect(admins.role(String(CAT))).toBeNull();
    fleet.db.write("DROP TRIGGER full");
    await fleet.start(CAT, "token-12");
    await fleet.waitForBot(CAT, "Fleet");
    expect(admins.role(String(CAT))).toBe("owner");
  });

  test.each(["viewer", "operator", "owner"] as const)(
    "stays open when an admin opens it, who keeps the role (%s) and is told so",
    async (role) => {
      const fleet = await fleetOf();
      const { admins } = fleet.parts;
      admins.invite("token-12", role, ASKER, fleet.clock.now());
      await fleet.start(CAT, "token-12");
      await fleet.waitForBot(CAT, "Fleet");
      admins.invite("token-34", "owner", ASKER, fleet.clock.now());
      await fleet.start(CAT, "token-34");
      await fleet.waitForBot(CAT, "The invitation stays open");
      expect(admins.role(String(CAT))).toBe(role);
      await fleet.start(DAN, "token-34");
      await fleet.waitForBot(DAN, "Fleet");
      expect(admins.role(String(DAN))).toBe("owner");
    },
  );
});

describe("➕ Invite", () => {
  const press = async (fleet: Fleet, chat: string, arg: string): Promise<string | undefined> => {
    const said: (string | undefined)[] = [];
    const message = (await fleet.bot.api.sendMessage(777, "card")).message_id;
    await handlePress(fleet.parts, {
      id: `press-${message}`,
      role: "owner",
      admin: ANN,
      press: { verb: "invite", about: "", arg },
      asker: ASKER,
      chat,
      message,
      toast: async (text) => void said.push(text?.key),
    });
    return said[0];
  };
  const open = (fleet: Fleet): unknown[] => fleet.db.read("SELECT role FROM invite");

  test("in a group makes none: everybody there could take the link", async () => {
    const fleet = await fleetOf();
    expect(await press(fleet, String(GROUP), "owner")).toBe("toast-invite-private");
    expect(open(fleet)).toEqual([]);
  });

  test("of a role that there is not makes none", async () => {
    const fleet = await fleetOf();
    expect(await press(fleet, "777", "captain")).toBe("toast-stale");
    expect(open(fleet)).toEqual([]);
    await press(fleet, "777", "viewer");
    expect(open(fleet)).toEqual([{ role: "viewer" }]);
  });
});
