import { describe, expect, it } from "vitest";
import { loggedIn, stage } from "./support/kit.ts";

describe("an unpatched GramJS client", () => {
  it("logs in by code", async () => {
    const { telegram, log } = await stage();
    telegram.world.createAccount({ phone: "+15550000001", firstName: "Ann", username: "ann" });
    const client = await loggedIn(telegram, "+15550000001");
    const me = await client.getMe();
    expect(me).toMatchObject({ firstName: "Ann", username: "ann", phone: "15550000001", self: true });
    expect(telegram.world.account("+15550000001").sessions).toBe(1);
    expect(telegram.world.latestCode("15550000001")?.state).toBe("used");
    expect(log).toEqual([]);
  });
});
