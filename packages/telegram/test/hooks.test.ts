/** The hooks on GramJS's real sender, fed with messages as if from the server. */
import type { AppError } from "@flotilla/kernel";
import bigInt from "big-integer";
import { Api } from "telegram";
import { BinaryReader, BinaryWriter } from "telegram/extensions/index.js";
import { MTProtoSender } from "telegram/network/index.js";
import { MessageContainer, RPCResult, TLMessage } from "telegram/tl/core/index.js";
import { expect, test } from "vitest";
import { lostReason } from "../src/wire/fault.ts";
import { installHooks, killSender } from "../src/wire/hooks.ts";
import type { VendorClient, VendorSender } from "../src/wire/vendor.ts";
import { VendorLogger } from "../src/wire/vendor-log.ts";

function hooked() {
  const seen: string[] = [];
  const client = {} as VendorClient;
  const events = {
    traffic: () => seen.push("traffic"),
    updates: (update: unknown) => seen.push((update as { className: string }).className),
    undecodable: () => seen.push("undecodable"),
    newSession: () => seen.push("new session"),
    lost: (error: AppError) => seen.push(`lost: ${lostReason(error)}`),
  };
  installHooks(
    client,
    events,
    new Api.PingDelayDisconnect({ pingId: bigInt(1), disconnectDelay: 8 }),
  );
  const sender = new MTProtoSender(undefined, {
    logger: new VendorLogger(() => {}),
    client,
    isMainSender: true,
  } as never);
  client._sender = sender as unknown as VendorSender;
  return { seen, client, sender: sender as unknown as VendorSender };
}

let ids = 0;
const message = (obj: unknown): TLMessage => new TLMessage(bigInt(++ids), 1, obj);
const updates = (): TLMessage => message(new Api.UpdatesTooLong());
const container = (...messages: TLMessage[]): TLMessage =>
  message(new MessageContainer(messages as never));

/** An rpc_result with an error for a waiting call. */
function failed(sender: VendorSender): { message: TLMessage; answer: Promise<unknown> } {
  const answer = sender.send(new Api.help.GetConfig());
  const state = sender._sendQueue._queue.at(-1) as unknown as { msgId: unknown };
  state.msgId = bigInt(77);
  (sender._pendingState as unknown as { set(id: unknown, state: unknown): void }).set(
    state.msgId,
    state,
  );
  const error = new Api.RpcError({ errorCode: 400, errorMessage: "PEER_ID_INVALID" });
  return { message: message(new RPCResult(bigInt(77), Buffer.alloc(0), error as never)), answer };
}

test("the first thing that is sent is the ping that lets the server hang up", () => {
  const { sender } = hooked();
  void sender.send(new Api.help.GetConfig()).catch(() => {});
  const queued = sender._sendQueue._queue as unknown as { request: { className: string } }[];
  expect(queued.map(({ request }) => request.className)).toEqual([
    "PingDelayDisconnect",
    "help.GetConfig",
  ]);
});

test("an RPC error in a container does not swallow the updates after it", async () => {
  const { seen, sender } = hooked();
  const call = failed(sender);
  const rejected = expect(call.answer).rejects.toThrow("PEER_ID_INVALID");
  await sender._processMessage(container(updates(), call.message, updates()));
  await rejected;
  expect(seen).toEqual(["UpdatesTooLong", "UpdatesTooLong"]);
});

test("an object of an unknown type is reported, and its neighbours arrive", async () => {
  const { seen, sender } = hooked();
  const body = new Api.UpdatesTooLong().getBytes();
  const unknown = Buffer.from("deadbeefdeadbeef", "hex");
  const writer = new BinaryWriter(Buffer.alloc(0));
  const int = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return bytes;
  };
  writer.write(int(3));
  for (const each of [body, unknown, body])
    writer.write(Buffer.concat([Buffer.alloc(8, ++ids), int(1), int(each.length), each]));
  const parsed = await (
    MessageContainer as unknown as { fromReader(reader: unknown): Promise<unknown> }
  ).fromReader(new BinaryReader(writer.getValue()));
  await sender._processMessage(message(parsed));
  expect(seen).toEqual(["UpdatesTooLong", "undecodable", "UpdatesTooLong"]);
});

test("a new session of the server is reported and its salt taken", async () => {
  const { seen, sender } = hooked();
  const created = new Api.NewSessionCreated({
    firstMsgId: bigInt(1),
    uniqueId: bigInt(2),
    serverSalt: bigInt(3),
  });
  await sender._processMessage(message(created));
  expect(seen).toEqual(["new session"]);
  expect((sender._state as unknown as { salt: bigInt.BigInteger }).salt.toString()).toBe("3");
});

test(
  "the library's reconnect, its bad key and its change of data centre end the link and " +
    "nothing else",
  async () => {
    const { seen, client, sender } = hooked();
    sender.reconnect();
    sender._handleBadAuthKey(true);
    sender._handleBadAuthKey();
    expect(seen).toEqual(["lost: socket", "lost: unknown-key"]);
    await expect(client._switchDC(4)).rejects.toMatchObject({ code: "key-protected" });
    await expect(client.getSender(4)).rejects.toMatchObject({ code: "foreign-dc" });
    expect(await client.getSender()).toBe(sender);
  },
);

test("a killed sender rejects everything that waits", async () => {
  const { sender } = hooked();
  const calls = [1, 2, 3].map(() => sender.send(new Api.help.GetConfig()));
  const reason = new Error("over");
  killSender(sender, reason as never);
  for (const call of calls) await expect(call).rejects.toBe(reason);
});
