import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleet } from "./support/fleet.ts";

const RICK = "15550100002";

test("a worker is logged in by a QR code that is shown once, and all workers are restarted with one card", async () => {
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
      (await fleet.get<{ photo?: unknown; deleted: boolean; text: string }[]>("chat/messages")).find(
        (each) => each.photo && !each.deleted,
      ),
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
});
