import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { seal, sealContext } from "@flotilla/contracts";
import { parseProxy, parseWorkerId } from "@flotilla/kernel";
import { openSession, rekey, sessionPath } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { OwnWay } from "../src/account/own-way.ts";

const WORKER = parseWorkerId("news_1");
const PROXY = "socks5://ann:planted-s3cret@proxy.example:1080";

async function prepared() {
  const dataDir = await testDir("way-");
  const dir = `${dataDir}/sessions`;
  const fleetKey = randomBytes(32);
  const open = (key = fleetKey) => openSession({ dir, name: WORKER, fleetKey: key });
  return { dataDir, dir, fleetKey, open };
}

test("its own proxy comes before the one of its host, outlives the process, and is shown without what is secret", async () => {
  const { open, dir } = await prepared();
  const host = parseProxy("socks4://host-proxy:1");
  {
    using store = open();
    const way = new OwnWay(WORKER, store, host);
    expect(way.status()).toMatchObject({ shown: "socks4://host-proxy:1", own: false });
    way.change(seal(way.status().sealTo, sealContext(WORKER), PROXY));
    expect(way.current()).toEqual(parseProxy(PROXY));
    expect(way.status()).toMatchObject({ shown: "socks5://•••@proxy.example:1080", own: true });
  }
  expect(readFileSync(sessionPath(dir, WORKER)).includes("planted")).toBe(false);
  using again = open();
  const way = new OwnWay(WORKER, again, host);
  expect(way.current()).toEqual(parseProxy(PROXY));
  way.change(null);
  expect(way.current()).toEqual(host);
  expect(new OwnWay(WORKER, again, null).status()).toMatchObject({ shown: null, own: false });
});

test("what was sealed for another process or worker, or is no proxy, changes nothing", async () => {
  const { open } = await prepared();
  using store = open();
  const way = new OwnWay(WORKER, store, null);
  const { sealTo } = way.status();
  way.change(seal(sealTo, sealContext(WORKER), PROXY));
  const other = new OwnWay(WORKER, store, null);
  for (const [to, worker, text, code] of [
    [other.status().sealTo, WORKER, PROXY, "bad-seal"],
    [sealTo, parseWorkerId("news_2"), PROXY, "bad-seal"],
    [sealTo, WORKER, "http://planted", "bad-proxy"],
  ] as const)
    expect(() => way.change(seal(to, sealContext(worker), text))).toThrow(expect.objectContaining({ code }));
  expect(way.current()).toEqual(parseProxy(PROXY));
});

test("another fleet key seals it anew", async () => {
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
