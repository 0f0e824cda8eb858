import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleet } from "./support/fleet.ts";

const RICK = "15550100002";

test("a QR code that is shown once logs a worker in, and one card restarts all workers", async () => {
  const fleet = await startFleet();
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.press("Workers");
  await chat.press("demo_2");
  await chat.press("Authenticate");
  await chat.shows(/Send the phone number/);
  await chat.press("QR code");
  await chat.shows(/Scan the picture/);
  const photo = await waitFor(
    async () =>
      (
        await fleet.get<{ photo?: unknown; deleted: boolean; text: string }[]>("chat/messages")
      ).find((each) => each.photo && !each.deleted),
    { what: "the picture" },
  );
  expect(photo).toBeDefined();
  const [token] = await fleet.get<{ url?: string; token: string }[]>("qr");
  await fleet.post(`accounts/${RICK}/qr`, { token: token?.url ?? token?.token });
  await chat.shows(/cloud password/);
  await chat.say("demo");
  await chat.shows(/demo_2 is @rick_relay/);
  const shown = await fleet.get<{ photo?: unknown; deleted: boolean }[]>("chat/messages");
  expect(
    shown.filter((each) => each.photo && !each.deleted),
    "the picture is gone",
  ).toEqual([]);

  await chat.press("Menu");
  await chat.shows(/2 workers/);
  await chat.press("Restart all");
  await chat.shows(/Restart all 2 workers\?/);
  await chat.press("Yes, restart them");
  await chat.shows(/✅ All 2 done\./, 60_000);

  await chat.press("Back");
  await chat.press("Health");
  await chat.shows(/Session files: lock waits/);
  await chat.press("Doctor");
  await chat.shows(/🖥 host-a\n(?:✅ Nothing found|❌ |💡 )/);
  await chat.press("Back");
  await chat.shows(/Session files: lock waits/);
  await chat.say("/doctor");
  await chat.shows(/🖥 host-a\n(?:✅ Nothing found|❌ |💡 )/);
  await chat.press("Back");
  await chat.shows(/Session files: lock waits/);
  await chat.press("Back");
  await chat.press("Workers");
  await chat.press("demo_2");
  await chat.press("More");
  await chat.press("Other devices");
  await chat.shows(/Flotilla demo_2 .*\(this worker\)/);
  const devices = async (): Promise<number> =>
    (await fleet.get<unknown[]>(`accounts/${RICK}/sessions`)).length;
  const before = await devices();
  await chat.press("Back");
  await chat.press("More");
  await chat.press("🚪 Log out");
  await chat.shows(/Log demo_2 out of Telegram\?/);
  await chat.press("Yes, log out");
  await chat.shows(/demo_2[\s\S]*needs login[\s\S]*Logged out of Telegram/);
  expect(await devices()).toBe(before - 1);

  // Another account in its place: Undo ends the new login, Continue keeps it.
  const BOB = "15550100077";
  await fleet.post("accounts", { phone: BOB, firstName: "Bob" });
  for (const answer of ["Undo", "Continue"]) {
    await chat.logIn(BOB);
    await chat.shows(/demo_2 was @rick_relay, now Bob/);
    await chat.press(answer);
    if (answer === "Undo") await chat.shows(/demo_2[\s\S]*rick_relay[\s\S]*needs login/);
  }
  await chat.shows(/demo_2 is Bob/);
  expect(await fleet.get<unknown[]>(`accounts/${BOB}/sessions`)).toHaveLength(1);
  await chat.press("Worker Details");
  await chat.press("More");
  await chat.press("Remove session");
  await chat.shows(/Remove the session of demo_2\?/);
  await chat.press("Yes, remove it");
  await chat.shows(/demo_2[\s\S]*stopped[\s\S]*Removed\. It is kept as/);
  await chat.press("Backups");
  await chat.shows(/taken out of use/);
});
