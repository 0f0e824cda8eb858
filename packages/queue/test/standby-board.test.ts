import { type StandbyOwner, standbyKey, standbyRecordKey } from "@flotilla/contracts";
import { parseHostId } from "@flotilla/kernel";
import { digestOf, type QueuePlace, StandbyBoard } from "@flotilla/queue";
import { redisCommand, sharedRedis } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { errorList, HOST, placeAt, sharedPlace, WORKER } from "./support.ts";

const B = parseHostId("host-b");
const C = parseHostId("host-c");
const RECORD = Buffer.from([0, 255, 1, 254]);

function ownerOf(host = HOST, record = RECORD): StandbyOwner {
  return { worker: WORKER, host, sha256: digestOf(record), at: 1000, desired: "running" };
}

async function boardAt(place: QueuePlace): Promise<StandbyBoard> {
  const board = new StandbyBoard(place, errorList().add);
  onTestFinished(() => board.close());
  await board.ready();
  return board;
}

test("a row and its record; the next one of the same host replaces both", async () => {
  const board = await boardAt(await sharedPlace());
  expect(await board.find(WORKER)).toBeNull();
  expect(await board.put(ownerOf(), RECORD)).toBeNull();
  expect(await board.all()).toEqual([ownerOf()]);
  expect(await board.record(ownerOf())).toEqual(RECORD);
  const next = Buffer.from("next");
  expect(await board.put(ownerOf(HOST, next), next)).toBeNull();
  expect(await board.record(ownerOf(HOST, next))).toEqual(next);
  await expect(board.record(ownerOf())).rejects.toMatchObject({ code: "standby-gone" });
});

test("of all hosts that take a worker over at once, one has it; the former one is refused", async () => {
  const place = await sharedPlace();
  const boards = await Promise.all([boardAt(place), boardAt(place), boardAt(place)]);
  const [board] = boards;
  await board.put(ownerOf(), RECORD);
  const hosts = [B, C, parseHostId("host-d")];
  const got = await Promise.all(
    boards.map((each, n) => each.claim(ownerOf(), hosts[n] ?? B, 2000)),
  );
  expect(got.filter(Boolean)).toHaveLength(1);
  const winner = hosts[got.indexOf(true)] ?? B;
  expect(await board.find(WORKER)).toEqual(ownerOf(winner));
  expect(await board.put(ownerOf(), RECORD)).toBe(winner);
  expect(await board.find(WORKER)).toEqual(ownerOf(winner));
  const taken = { worker: WORKER, from: HOST, to: winner, at: 2000 };
  expect(await board.takenOver()).toEqual([taken]);
  await board.settle(taken);
  expect(await board.takenOver()).toEqual([]);
});

test("what could not be put in place goes back, and only its holder gives or drops it", async () => {
  const board = await boardAt(await sharedPlace());
  await board.put(ownerOf(), RECORD);
  expect(await board.claim(ownerOf(), B, 2000)).toBe(true);
  expect(await board.giveBack(ownerOf(C), HOST)).toBe(false);
  expect(await board.giveBack(ownerOf(B), HOST)).toBe(true);
  expect(await board.find(WORKER)).toEqual(ownerOf());
  expect(await board.takenOver()).toEqual([]);
  await board.drop(WORKER, B);
  expect(await board.find(WORKER)).toEqual(ownerOf());
  await board.drop(WORKER, HOST);
  expect(await board.find(WORKER)).toBeNull();
  await expect(board.record(ownerOf())).rejects.toMatchObject({ code: "standby-gone" });
});

test("what the worker is to do changes only in the row that was read", async () => {
  const board = await boardAt(await sharedPlace());
  await board.put(ownerOf(), RECORD);
  expect(await board.want(ownerOf(), "stopped")).toBe(true);
  expect(await board.find(WORKER)).toEqual({ ...ownerOf(), desired: "stopped" });
  const next = Buffer.from("next");
  await board.put(ownerOf(HOST, next), next);
  expect(await board.want(ownerOf(), "stopped")).toBe(false);
  expect(await board.record(ownerOf(HOST, next))).toEqual(next);
});

test("a row that this fleet did not sign, or that is of another worker, is none", async () => {
  const { url } = await sharedRedis();
  const place = placeAt(url);
  const board = await boardAt(place);
  await board.put(ownerOf(), RECORD);
  const signed = String(await redisCommand(url, "HGET", standbyKey(place.prefix), WORKER));
  await redisCommand(url, "HSET", standbyKey(place.prefix), "other", signed);
  await redisCommand(
    url,
    "HSET",
    standbyKey(place.prefix),
    WORKER,
    signed.replace("host-a ", "host-b "),
  );
  expect(await board.all()).toEqual([]);
  // It keeps the rightful host off for no longer than a row.
  expect(await board.put(ownerOf(), RECORD)).toBeNull();
  expect(await board.all()).toEqual([ownerOf()]);
  await redisCommand(url, "SET", standbyRecordKey(place.prefix, WORKER), "forged");
  await expect(board.record(ownerOf())).rejects.toMatchObject({ code: "standby-gone" });
});
