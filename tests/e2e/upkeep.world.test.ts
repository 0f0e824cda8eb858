import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleet } from "./support/fleet.ts";
import { pictured } from "./support/picture.ts";

/** With UPDATE_IMAGES=1 the pictures of docs/admin-guide.md are retaken. */
test("an owner makes a backup now, sees it in Health, and restarts the whole fleet", async () => {
  const fleet = await startFleet({ BACKUP_EVERY_H: "24" });
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.shows(/2 workers/);
  await chat.press("Workers");
  await chat.press("demo_2");
  await chat.logIn("15550100002");
  await chat.shows(/cloud password/);
  await chat.say("demo");
  await chat.shows(/demo_2 is @rick_relay/);
  for (const schedule of ["Archives", "Copies of sessions", "Self-check"]) {
    await chat.say("/schedules");
    await chat.press(schedule);
    await chat.press("Run now");
    await chat.shows(/✅ .* in /);
  }
  await pictured(fleet, "schedule", /✅ .* in /);
  await chat.say("/schedules");
  const list = await chat.shows(/🗓 Schedules/);
  expect(list.text.match(/✅ .* of \d+ in /g), "how each went").toHaveLength(3);
  await pictured(fleet, "schedules", /🗓 Schedules/);
  await chat.say("/health");
  await chat.shows(/Workers running 2\/2[\s\S]*Backup of host-a: .* 1 MB/);
  await pictured(fleet, "health", /Every session has one owner/);
  await chat.press("Rolling restart");
  await chat.shows(/The button works until/);
  await pictured(fleet, "roll-ask", /The button works until/);
  await chat.press("Restart all");
  await chat.shows(/⏳ /);
  await pictured(fleet, "roll", /Trial/);
  await chat.shows(/Run again: .*the bot\. It took/, 120_000);
  await pictured(fleet, "roll-done", /Run again/);
});
