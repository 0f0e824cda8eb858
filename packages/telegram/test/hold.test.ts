/** Hold and go orders of a supervisor that sees all connections of a host. */
import { expect, test } from "vitest";
import { account, newStore, watch } from "./kit.ts";
import { useSandbox } from "./world.ts";

const world = useSandbox();

async function member() {
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  return { phone, store };
}

test("told to hold it does not try, whatever its own back-off says; told to go it tries at once", async () => {
  const { store, phone } = await member();
  const { connection, reached } = watch({ ...account(world.server), store });
  connection.start();
  await reached("ready");
  world.sandbox.world.faults.refuse(2);
  connection.retryDelay.hold();
  world.sandbox.world.faults.drop({ phone }, "rst");
  await reached("waiting");
  const { attempt } = connection.status();
  const tries = (): number =>
    world.sandbox.world.connectionLog().filter((each) => each.phone === phone).length;
  const before = tries();
  world.sandbox.world.faults.heal();
  // Another connection of this test takes longer than many of its back-offs.
  await world.logIn(await newStore(), world.person());
  expect(connection.status()).toMatchObject({ state: "waiting", attempt });
  expect(tries()).toBe(before);
  connection.retryDelay.go();
  await reached("ready");
});

test("an order to go shortens no wait that the server asked for", async () => {
  const { store, phone } = await member();
  world.sandbox.world.faults.failCalls({
    method: "users.getUsers",
    code: 420,
    text: "FLOOD_WAIT_300",
    times: 1,
    phone,
  });
  const { connection, reached } = watch({ ...account(world.server), store });
  connection.start();
  await reached("waiting");
  connection.retryDelay.go();
  await world.logIn(await newStore(), world.person());
  expect(connection.status()).toMatchObject({ state: "waiting", attempt: 1 });
});
