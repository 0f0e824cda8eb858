import { CommandSender, takeParcel } from "@flotilla/queue";
import { expect, onTestFinished, test } from "vitest";
import { placeAt, sharedPlace } from "./support.ts";

test("a sealed parcel is taken once, and there is none for another login", async () => {
  const place = await sharedPlace();
  const sender = new CommandSender(place, () => {});
  onTestFinished(() => sender.close());
  await sender.ready();
  const bytes = Buffer.from([0, 255, 1, 254]);
  await sender.leaveParcel("login-1", bytes);
  expect(await takeParcel(place, "login-2")).toBeNull();
  expect(await takeParcel(place, "login-1")).toEqual(bytes);
  expect(await takeParcel(place, "login-1")).toBeNull();
  await expect(takeParcel(placeAt("redis://127.0.0.1:1"), "login-1")).rejects.toMatchObject({
    code: "redis-away",
  });
});
