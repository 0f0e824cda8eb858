/** A fatal answer is confirmed before it counts: Telegram has sent a single one for good keys. */
import type { SessionStore } from "@flotilla/session-store";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { account, newStore, watch } from "./kit.ts";
import { useSandbox } from "./world.ts";

const world = useSandbox();

/** A logged-in session of a new account. */
async function member(): Promise<{ phone: string; store: SessionStore }> {
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  return { phone, store };
}

test.each([
  ["AUTH_KEY_UNREGISTERED", 1],
  ["SESSION_REVOKED", 2],
  ["USER_DEACTIVATED", 1],
  ["AUTH_KEY_INVALID", 2],
])(
  "%s that is answered to a good key %i times is asked again, and the session lives on",
  async (text, times) => {
    const { phone, store } = await member();
    const { connection, reached, states } = watch({ ...account(world.server), store });
    connection.start();
    await reached("ready");
    world.sandbox.world.faults.failCalls({ method: "*", code: 401, text, times, phone });
    await connection.check().catch(() => {});
    await waitFor(() => connection.status().connects === 2);
    expect(states).not.toContain("dead");
    expect(await connection.check()).toMatchObject({ phone });
  },
);

test("a session that was taken for dead is asked about again, and lives if Telegram says so", async () => {
  const { phone, store } = await member();
  const { connection, reached } = watch({ ...account(world.server), store });
  world.sandbox.world.faults.failCalls({
    method: "users.getUsers",
    code: 401,
    text: "SESSION_REVOKED",
    times: 3,
    phone,
  });
  connection.start();
  await reached("dead");
  connection.again();
  await reached("ready");
});
