import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { CommandSender } from "@flotilla/queue";
import { redisCommand, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { checkCommand, sharedPlace, WORKER } from "./support.ts";

/**
 * A proxy to Redis that breaks as soon as Redis has received `text`, before it can answer. Returns
 * its port.
 */
async function breakingAt(text: string, url: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const server = createServer((socket) => {
    const upstream = connect(Number(port), hostname);
    for (const each of [socket, upstream]) each.on("error", () => {});
    upstream.pipe(socket);
    socket.on("data", (bytes) => {
      const isEnd = bytes.includes(text);
      if (isEnd) upstream.unpipe(socket);
      upstream.write(bytes, () => isEnd && socket.destroy());
    });
  });
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("a connection that breaks before Redis answers: it is not said that nothing was done", async () => {
  const place = await sharedPlace();
  const cut = new URL(place.redis);
  cut.port = String(await breakingAt("command-cut", place.redis));
  const send = new CommandSender({ ...place, redis: cut.href }, () => {});
  onTestFinished(() => send.close());
  await send.ready();
  await expect(send.toWorker(checkCommand("command-cut"))).rejects.toMatchObject({
    code: "redis-away",
    message: expect.stringContaining("It may still be done"),
  });
  await waitFor(
    async () =>
      (await redisCommand(
        place.redis,
        "EXISTS",
        `${place.prefix}:worker.${WORKER}:command-cut`,
      )) === 1,
    {
      what: "the command, which was done",
    },
  );
});
