/** The store fails for a while, and the connection lives on. */
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { ACCOUNT } from "../../src/wire/box.ts";
import { Rig } from "./engine-kit.ts";

test("a disk that is full: nothing moves, and later everything is there once", async () => {
  const rig = await Rig.create();
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  rig.brokenCommits = 3;
  rig.push(rig.server.post(ACCOUNT));
  await waitFor(() => rig.errors.length === 1);
  expect(rig.errors[0]).toMatchObject({ code: "sqlite-full" });
  rig.begin();
  await waitFor(() => rig.errors.length === 2);
  rig.brokenCommits = 0;
  expect(await rig.start()).toMatchObject({ recovered: 1 });
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
});

test("after a full disk, messages pushed meanwhile are fetched at once, in channels too", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  rig.push(rig.server.post(ACCOUNT), rig.server.post("5"));
  await rig.complete();
  await rig.stop();
  await rig.start();
  // A server that pushed it on this connection leaves it out of the account's difference.
  const difference = rig.server.difference.bind(rig.server);
  rig.server.difference = async (from, limit) => {
    const answer = await difference(from, limit);
    return answer.kind === "part"
      ? { ...answer, updates: answer.updates.filter(({ kind }) => kind === "box") }
      : answer;
  };
  rig.brokenCommits = 1;
  rig.push(rig.server.post(ACCOUNT));
  await waitFor(() => rig.errors.length === 1);
  rig.push(rig.server.post("5"));
  rig.brokenCommits = 0;
  rig.begin();
  await rig.complete();
});
