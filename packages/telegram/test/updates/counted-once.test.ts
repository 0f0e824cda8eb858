/** An unreadable message is lost once, however often it is met. */
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { ACCOUNT } from "../../src/wire/box.ts";
import { Rig } from "./engine-kit.ts";
import { Refusal } from "./model-server.ts";

const lost = (rig: Rig): number =>
  rig.trouble.reduce((sum, trouble) => sum + (trouble.kind === "lost" ? trouble.count : 0), 0);

const READ_AGAIN = {
  "nothing of a difference can be read": (rig: Rig, box: string) => {
    rig.server.onCall = (name, asked) => {
      if (/ifference/.test(name) && asked === box) throw new Refusal("UNDECODABLE");
    };
  },
  "a difference is too long": (rig: Rig) => {
    rig.server.limits.tooLong = 3;
  },
};

for (const [what, spoil] of Object.entries(READ_AGAIN))
  test.each([
    ["state", ACCOUNT],
    ["dialogs", ACCOUNT],
    ["history", ACCOUNT],
    ["dialogsOf", "5"],
    ["history", "5"],
  ])(
    `${what}: what comes unreadable right before %s of %s is asked counts once`,
    async (question, box) => {
      const rig = await Rig.create();
      rig.server.join("5");
      await rig.start();
      rig.push(rig.server.post(ACCOUNT), rig.server.post("5"));
      await rig.complete();
      await rig.stop();
      for (let n = 0; n < 6; n++) n % 2 ? rig.server.post(box) : rig.server.postUnreadable(box);
      spoil(rig, box);
      const ill = rig.server.onCall;
      let left = 3;
      rig.server.onCall = (name, asked) => {
        // The requested parts are readable, otherwise the requests would never end.
        if (name === question && left-- > 0) rig.server.postUnreadable(box);
        if (name.startsWith("history")) rig.server.limits.tooLong = Number.POSITIVE_INFINITY;
        else if (left > 0) ill(name, asked);
      };
      await rig.start();
      left = 0;
      rig.engine.doubt();
      rig.push(rig.server.post(box));
      await rig.complete();
      const total = rig.server.unreadable();
      await waitFor(() => lost(rig) >= total, { what: `${total} lost` });
      rig.push(rig.server.post(box), rig.server.post(ACCOUNT));
      await rig.complete();
      expect(lost(rig)).toBe(total);
    },
  );

test("pages of a chat of which nothing can be read do not end it", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  rig.push(rig.server.post(ACCOUNT), rig.server.post("5"));
  await rig.complete();
  await rig.stop();
  rig.server.limits.tooLong = 2;
  for (const box of [ACCOUNT, "5"]) {
    for (let n = 0; n < 8; n++) rig.server.postUnreadable(box);
    rig.server.post(box);
    for (let n = 0; n < 7; n++) rig.server.postUnreadable(box);
  }
  expect(await rig.start()).toMatchObject({ missed: 32, recovered: 2, lost: 30 });
  await rig.complete();
});
