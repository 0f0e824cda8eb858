import { openDatabase } from "@flotilla/sqlite";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { sessionPath } from "../src/file/identity.ts";
import { MIGRATIONS } from "../src/file/schema.ts";
import { openSession } from "../src/index.ts";

const PLACE = { chat: "-2", topic: null };
const id = (message: number, rest: readonly (number | "unknown" | "missing")[]) => ({
  ...{ chat: "-1", message, targetMessage: 50, rest, form: "media" as const },
});

test(
  "parts of texts that were delivered before are known after the upgrade, and found as " +
    "deliveries",
  async () => {
    const dir = await testDir();
    const path = sessionPath(dir, "reader");
    const before = MIGRATIONS.slice(
      0,
      MIGRATIONS.findIndex((sql) => sql.includes("relay_part")),
    );
    {
      using db = openDatabase({ path, role: "session", migrations: before, exclusive: true });
      db.write(
        `INSERT INTO relay_map (route, chat, message, target_chat, target_message, at) VALUES
        ('r', '-1', 7, '-2', 50, 1)`,
      );
      for (const [part, target] of [51, 52].entries())
        db.write("INSERT INTO relay_rest VALUES ('r', '-1', 7, ?, '-2', ?, 1)", [part, target]);
    }
    using store = openSession({ dir, name: "reader", fleetKey: Buffer.alloc(32, 9) });
    const { map } = store.relay;
    expect(map.delivered("r", "-1", 7)).toMatchObject({ message: 50, rest: [51, 52], form: null });
    expect(map.isDelivery(["-2"], 52)).toBe(true);
    map.put("r", PLACE, id(8, ["missing", 61, "unknown"]), 2);
    expect(map.delivered("r", "-1", 8)).toMatchObject({
      rest: ["missing", 61, "unknown"],
      form: "media",
    });
    map.put("r", PLACE, id(8, [60, 61]), 3);
    expect(map.delivered("r", "-1", 8)?.rest).toEqual([60, 61]);
    expect(map.prune(4, 9)).toBe(6);
    expect(map.delivered("r", "-1", 8)).toBeNull();
  },
);
