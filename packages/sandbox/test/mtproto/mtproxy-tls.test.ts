/** The MTProxy that hides as a web server, with a client that we did not write. */
import { createRequire } from "node:module";
import { MemoryStorage, MtProxyTcpTransport, TelegramClient } from "@mtcute/node";
import { addPublicKey, NodeCryptoProvider } from "@mtcute/node/utils.js";
import { expect, it, onTestFinished } from "vitest";
import { startMtProxy } from "../../src/index.ts";
import { readSchemaFile } from "../../src/mtproto/tl/schema-file.ts";
import { API_HASH, API_ID, stage } from "./support/kit.ts";

const SECRET = "00112233445566778899aabbccddeeff";
const SITE = "www.example.com";

it("mtcute logs in through it, and is a stranger with another secret", async () => {
  const node = createRequire(import.meta.url).resolve("@mtcute/node");
  const schema = await readSchemaFile(
    createRequire(node).resolve("@mtcute/core/tl/api-schema.json"),
  );
  const { telegram } = await stage({ schemas: [schema] });
  const proxy = await startMtProxy({
    secret: SECRET,
    domain: SITE,
    address: () => ({ host: "127.0.0.1", port: telegram.port(2) }),
  });
  onTestFinished(() => proxy.close());
  const phone = "15550000001";
  telegram.world.createAccount({ phone, username: "ann_g" });
  const crypto = new NodeCryptoProvider();
  addPublicKey(crypto, telegram.publicKeyPem);
  const dc = { id: 2, ipAddress: "127.0.0.1", port: 1 };
  const client = new TelegramClient({
    apiId: API_ID,
    apiHash: API_HASH,
    storage: new MemoryStorage(),
    defaultDcs: { main: dc, media: dc },
    logLevel: 0,
    network: { usePfs: false },
    transport: new MtProxyTcpTransport({
      host: "127.0.0.1",
      port: proxy.port,
      secret: `ee${SECRET}${Buffer.from(SITE).toString("hex")}`,
    }),
    crypto,
  });
  onTestFinished(() => client.destroy());
  const self = await client.start({
    phone,
    codeSentCallback: () => {},
    code: () => telegram.world.latestCode(phone)?.code ?? "",
  });
  expect(self.username).toBe("ann_g");
  expect([new Set(proxy.asked), proxy.strangers]).toEqual([new Set([2]), 0]);
});
