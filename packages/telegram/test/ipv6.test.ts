/** A server with an IPv6 address only: the sandbox behind a relay on ::1. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import type { TelegramServer } from "@flotilla/telegram";
import { waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { account, newStore, watch } from "./kit.ts";
import { useSandbox } from "./world.ts";

const world = useSandbox();
const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === "::1"),
);

test.skipIf(!hasIpv6)("a worker connects and receives by IPv6", async () => {
  const open = new Set<Socket>();
  const families: (string | undefined)[] = [];
  const { host, port: target } = world.sandbox.mtproto;
  const relay = createServer((client) => {
    families.push(client.remoteFamily);
    const upstream = connect({ host, port: target });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket
        .on("error", () => {})
        .on("close", () => {
          client.destroy();
          upstream.destroy();
        });
    }
    client.pipe(upstream).pipe(client);
  });
  relay.listen(0, "::1");
  await once(relay, "listening");
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    relay.close();
    await once(relay, "close");
  });
  const { port } = relay.address() as AddressInfo;
  const server: TelegramServer = {
    ...(world.server as Extract<TelegramServer, { kind: "custom" }>),
    host: "::1",
    port,
  };
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  const { connection, reached } = watch({ ...account(server), store });
  connection.start();
  await reached("ready");
  world.sandbox.world.sendPrivate(world.person(), phone, "by six");
  await waitFor(() => store.updates.pending(9).some(({ content }) => content?.text === "by six"));
  expect(new Set(families)).toEqual(new Set(["IPv6"]));
});
