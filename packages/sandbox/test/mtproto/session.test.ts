import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { NodeCryptoProvider } from "@mtcute/node/utils.js";
import bigInt from "big-integer";
import { Api, type TelegramClient } from "telegram";
import { describe, expect, it } from "vitest";
import { sha1 } from "../../src/mtproto/crypto/hash.ts";
import { TlWriter } from "../../src/mtproto/tl/bytes.ts";
import { serviceCodec } from "../../src/mtproto/tl/service.ts";
import { connected, loggedIn, stage } from "./support/kit.ts";
import { type RawClient, rawClient } from "./support/raw.ts";

/**
 * What these tests reach for inside GramJS: the message state it keeps, and the way to send a
 * service message.
 */
interface Sender {
  send(request: unknown): Promise<unknown>;
  readonly _state: {
    salt: bigInt.BigInteger;
    timeOffset: number;
    id: bigInt.BigInteger;
    reset(): void;
  };
}

function senderOf(client: TelegramClient): Sender {
  return (client as unknown as { _sender: Sender })._sender;
}

async function annsClient(): Promise<{
  client: TelegramClient;
  sender: Sender;
  counters: () => Record<string, number>;
}> {
  const { telegram } = await stage();
  telegram.world.createAccount({ phone: "15550000001" });
  const client = await loggedIn(telegram, "15550000001");
  return { client, sender: senderOf(client), counters: () => telegram.world.counters() };
}

it("corrects a wrong salt and a wrong clock", async () => {
  const { client, sender } = await annsClient();
  sender._state.salt = bigInt(12_345);
  await client.invoke(new Api.updates.GetState());
  expect(sender._state.salt.eq(12_345)).toBe(false);
  sender._state.timeOffset = -3600;
  (sender._state as unknown as { _lastMsgId: bigInt.BigInteger })._lastMsgId = bigInt.zero;
  await client.invoke(new Api.updates.GetState());
  expect(Math.abs(sender._state.timeOffset)).toBeLessThan(5);
});

it("greets a new session of an old key, which keeps its login and its layer", async () => {
  const { client, sender, counters } = await annsClient();
  sender._state.reset();
  await client.invoke(new Api.updates.GetState());
  expect(counters()["help.getConfig"]).toBe(1);
});

it("answers pings", async () => {
  const { sender } = await annsClient();
  const pong = (await sender.send(new Api.Ping({ pingId: bigInt(77) }))) as Api.Pong;
  expect(pong.pingId.eq(77)).toBe(true);
});

describe("a client that knows only the protocol", () => {
  async function raw(): Promise<RawClient> {
    const { telegram } = await stage();
    const gramjs = await connected(telegram);
    const { _state } = senderOf(gramjs);
    const key = gramjs.session.getAuthKey()?.getKey() ?? Buffer.alloc(0);
    return rawClient(
      telegram.port(2),
      key,
      sha1(key).subarray(12),
      BigInt.asIntN(64, BigInt(_state.salt.toString())),
    );
  }

  const layer = (query: Buffer): Buffer =>
    new TlWriter().uint(0xda9b0d0d).int(198).raw(query).done();
  const getNearestDc = layer(new TlWriter().uint(0x1fb33026).done());
  const container = (...messages: { id: bigint; body: Buffer }[]): Buffer => {
    const writer = new TlWriter().uint(0x73f1f8dc).uint(messages.length);
    for (const { id, body } of messages) writer.long(id).int(1).int(body.length).raw(body);
    return writer.done();
  };

  it("is greeted, gets salts and the state of its messages, and can end sessions", async () => {
    const client = await raw();
    client.send(serviceCodec.encodeCall({ _: "get_future_salts", num: 3 }));
    expect(serviceCodec.read(await client.next(0x9ec20908))._).toBe("new_session_created");
    const { salts } = serviceCodec.read(await client.next(0xae500895));
    expect(salts).toHaveLength(3);
    client.send(serviceCodec.encode({ _: "msgs_state_req", msg_ids: [4n, 8n] }));
    const { info } = serviceCodec.read(await client.next(0x04deb57d));
    expect(info).toEqual(Buffer.from([4, 4]));
    client.send(serviceCodec.encodeCall({ _: "destroy_session", session_id: 5n }));
    expect(serviceCodec.read(await client.next(0x62d350c9))).toMatchObject({ session_id: 5n });
  });

  it("sends containers and compressed calls, and gets the same answer to the same call", async () => {
    const client = await raw();
    const base = BigInt(Math.floor(Date.now() / 1000)) << 32n;
    const packed = new TlWriter().uint(0x3072cfa1).bytes(gzipSync(getNearestDc)).done();
    client.send(
      container({ id: base + 400n, body: getNearestDc }, { id: base + 404n, body: packed }),
      base + 408n,
    );
    const [first, second] = [await client.next(0xf35c6d01), await client.next(0xf35c6d01)];
    expect([first.uint(), first.long(), second.uint(), second.long()]).toEqual([
      0xf35c6d01,
      base + 400n,
      0xf35c6d01,
      base + 404n,
    ]);
    client.send(getNearestDc, base + 400n);
    const repeated = await client.next(0xf35c6d01);
    expect([repeated.uint(), repeated.long()]).toEqual([0xf35c6d01, base + 400n]);
  });

  // mtcute and TDLib pack with zlib, whatever the constructor is called.
  const mtcute = (bytes: Buffer): Uint8Array => new NodeCryptoProvider().gzip(bytes, 1000) ?? bytes;
  it.each([
    ["zlib, as mtcute packs", mtcute],
    ["zlib", deflateSync],
    ["gzip", gzipSync],
    ["bare deflate", deflateRawSync],
  ])("packs its calls with %s, around wrappers and inside one", async (_how, pack) => {
    const client = await raw();
    const packed = (body: Buffer): Buffer =>
      new TlWriter()
        .uint(0x3072cfa1)
        .bytes(Buffer.from(pack(body)))
        .done();
    const base = BigInt(Math.floor(Date.now() / 1000)) << 32n;
    const long = layer(
      new TlWriter()
        .uint(0xcb9f372d)
        .long(4n)
        .raw(layer(new TlWriter().uint(0x1fb33026).done()))
        .done(),
    );
    const sent = [
      packed(getNearestDc),
      packed(long),
      layer(packed(new TlWriter().uint(0x1fb33026).done())),
    ];
    for (const [index, body] of sent.entries()) {
      const id = client.send(body, base + 400n + BigInt(index) * 4n);
      const answer = await client.next(0xf35c6d01);
      expect([answer.uint(), answer.long(), answer.peekId()]).toEqual([0xf35c6d01, id, 0x8e1a1775]);
    }
  });

  it("is cut off for a bomb, and the server lives", async () => {
    const client = await raw();
    for (const pack of [deflateSync, gzipSync, deflateRawSync])
      client.send(
        new TlWriter()
          .uint(0x3072cfa1)
          .bytes(pack(Buffer.alloc(50_000_000)))
          .done(),
      );
    const other = await raw();
    other.send(getNearestDc);
    await other.next(0xf35c6d01);
    expect(client.received.filter(({ body }) => body.readUInt32LE(0) === 0xf35c6d01)).toEqual([]);
  });

  it("is told what is wrong with its message ids and its methods", async () => {
    const client = await raw();
    const now = BigInt(Math.floor(Date.now() / 1000)) << 32n;
    const codes: unknown[] = [];
    for (const id of [now + 1n, now - (400n << 32n), now + (100n << 32n)]) {
      client.send(getNearestDc, id);
      codes.push(serviceCodec.read(await client.next(0xa7eff811))["error_code"]);
    }
    expect(codes).toEqual([18, 16, 17]);
    client.send(layer(new TlWriter().uint(0x12345678).done()));
    const answer = await client.next(0xf35c6d01);
    expect(serviceCodec.decode(answer.rest().subarray(12))).toMatchObject({
      error_code: 400,
      error_message: "INPUT_METHOD_INVALID",
    });
  });

  // Field fault E3.
  it(
    "of a layer that is not spoken is answered in the nearest one, and told so when that does " +
      "not do",
    async () => {
      const { telegram, log } = await stage();
      const gramjs = await connected(telegram);
      const { _state } = senderOf(gramjs);
      const key = gramjs.session.getAuthKey()?.getKey() ?? Buffer.alloc(0);
      const salt = BigInt.asIntN(64, BigInt(_state.salt.toString()));
      const client = await rawClient(telegram.port(2), key, sha1(key).subarray(12), salt);
      const in999 = (query: Buffer): Buffer =>
        new TlWriter().uint(0xda9b0d0d).int(999).raw(query).done();
      client.send(in999(new TlWriter().uint(0x1fb33026).done()));
      const nearest = await client.next(0xf35c6d01);
      expect(nearest.rest().readUInt32LE(8), "an answer, no error").not.toBe(0x2144ca19);
      client.send(in999(new TlWriter().uint(0x12345678).done()));
      const answer = await client.next(0xf35c6d01);
      expect(serviceCodec.decode(answer.rest().subarray(12))).toMatchObject({
        error_code: 400,
        error_message: "CONNECTION_LAYER_INVALID",
      });
      expect(log.filter((line) => line.includes("layer 999"))).toEqual([
        "a client speaks layer 999; it is answered in layer 198: give its schema with --schema",
      ]);
    },
  );

  it("can destroy its key", async () => {
    const client = await raw();
    client.send(serviceCodec.encodeCall({ _: "destroy_auth_key" }));
    const answer = await client.next(0xf35c6d01);
    expect(serviceCodec.decode(answer.rest().subarray(12))._).toBe("destroy_auth_key_ok");
    expect((await client.next(-404 >>> 0)).int()).toBe(-404);
  });
});

it("unwraps calls that wait for others or want no updates", async () => {
  const { client, counters } = await annsClient();
  const query = new Api.updates.GetState();
  const after = new Api.InvokeAfterMsg({
    msgId: bigInt(4),
    query: new Api.InvokeWithoutUpdates({ query }),
  });
  expect(await client.invoke(after)).toBeInstanceOf(Api.updates.State);
  expect(counters()["updates.getState"]).toBeGreaterThanOrEqual(1);
});

it("tells a client without a login so", async () => {
  const { telegram } = await stage();
  const client = await connected(telegram);
  expect(await client.isUserAuthorized()).toBe(false);
  await expect(client.invoke(new Api.updates.GetState())).rejects.toMatchObject({
    code: 401,
    errorMessage: "AUTH_KEY_UNREGISTERED",
  });
});
