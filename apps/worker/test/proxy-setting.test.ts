import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { seal, sealContext } from "@flotilla/contracts";
import { parseProxy, parseWorkerId } from "@flotilla/kernel";
import { openSession, rekey, sessionPath } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { ProxySetting } from "../src/account/proxy-setting.ts";

const WORKER = parseWorkerId("news_1");
const PROXY = "socks5://ann:planted-s3cret@proxy.example:1080";

async function prepared() {
  const dataDir = await testDir("proxy-");
  const dir = `${dataDir}/sessions`;
  const fleetKey = randomBytes(32);
  const open = (key = fleetKey) => openSession({ dir, name: WORKER, fleetKey: key });
  return { dataDir, dir, fleetKey, open };
}

test(
  "a worker's own proxy overrides the host's, survives the process and is shown without its " +
    "secrets",
  async () => {
    const { open, dir } = await prepared();
    const host = parseProxy("socks4://host-proxy:1");
    {
      using store = open();
      const proxy = new ProxySetting(WORKER, store, host);
      expect(proxy.status()).toMatchObject({ shown: "socks4://host-proxy:1", own: false });
      proxy.change(seal(proxy.status().sealTo, sealContext(WORKER), PROXY));
      expect(proxy.current()).toEqual(parseProxy(PROXY));
      expect(proxy.status()).toMatchObject({ shown: "socks5://•••@proxy.example:1080", own: true });
    }
    expect(readFileSync(sessionPath(dir, WORKER)).includes("planted")).toBe(false);
    using again = open();
    const proxy = new ProxySetting(WORKER, again, host);
    expect(proxy.current()).toEqual(parseProxy(PROXY));
    proxy.change(null);
    expect(proxy.current()).toEqual(host);
    expect(new ProxySetting(WORKER, again, null).status()).toMatchObject({
      shown: null,
      own: false,
    });
  },
);

test("a proxy sealed for another process or worker, or a malformed one, changes nothing", async () => {
  const { open } = await prepared();
  using store = open();
  const proxy = new ProxySetting(WORKER, store, null);
  const { sealTo } = proxy.status();
  proxy.change(seal(sealTo, sealContext(WORKER), PROXY));
  const other = new ProxySetting(WORKER, store, null);
  for (const [to, worker, text, code] of [
    [other.status().sealTo, WORKER, PROXY, "bad-seal"],
    [sealTo, parseWorkerId("news_2"), PROXY, "bad-seal"],
    [sealTo, WORKER, "http://planted", "bad-proxy"],
  ] as const)
    expect(() => proxy.change(seal(to, sealContext(worker), text))).toThrow(
      expect.objectContaining({ code }),
    );
  expect(proxy.current()).toEqual(parseProxy(PROXY));
});

test("a new fleet key encrypts the proxy again", async () => {
  const { open, dataDir, fleetKey } = await prepared();
  {
    using store = open();
    store.beginLogin();
    store.setDc({ id: 2, address: "", port: 0 });
    store.setAuthKey(randomBytes(256));
    store.commitLogin({ id: "7000001", name: "Ann", username: null, phone: null });
    store.route.write(PROXY);
  }
  const newKey = randomBytes(32);
  expect(rekey({ dataDir, oldKey: fleetKey, newKey })).toMatchObject([{ outcome: "done" }]);
  using store = open(newKey);
  expect(store.route.read()).toBe(PROXY);
});
