import { test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleet } from "./support/fleet.ts";

const PHONE = "15550100001";
const FRIEND = "15550199999";

/** docs/updates.md: a whole fleet reports lost messages, from socket to chat. */
test("a message that the worker cannot read becomes an alert in the chat", async () => {
  const fleet = await startFleet({ START_SPACING_S: "0" });
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.say("/workers");
  await chat.press("demo_1");
  await chat.shows(/demo_1[\s\S]*healthy/, 60_000);
  await fleet.post("accounts", { phone: FRIEND, firstName: "Friend" });
  await fleet.post("messages", { from: FRIEND, to: PHONE, text: "later", unreadable: true });
  await chat.shows(
    /demo_1 lost messages[\s\S]*Lost ≥ 1 while it was connected[\s\S]*this version cannot read/,
    60_000,
  );
});
