import { expect, test } from "vitest";
import { SecondPath } from "../src/alerts/second-path.ts";
import { type Fleet, meet, type Shown, startFleet } from "./chat.ts";
import { startMailbox } from "./mailbox.ts";
import { crashBody, EN, silent, TestClock } from "./support.ts";

const MIN = 60_000;
const fromBot = async (fleet: Fleet, user: number): Promise<Shown[]> =>
  (await fleet.shown(user)).filter(
    (message) => message.from === "bot" && !/Fleet|Open alerts/.test(message.text),
  );

async function byMail(
  fleet: Fleet,
  chatAwaySince: () => number | null = () => null,
  proxy: string | null = null,
) {
  const { url, mails } = await startMailbox();
  const clock = new TestClock();
  clock.ms = Date.now();
  const places = { webhookUrl: null, smtpUrl: url, mailTo: "ann@example.org", deadManUrl: null };
  const { cards } = fleet.parts;
  const path = new SecondPath({
    places,
    cards,
    words: EN,
    proxy,
    clock,
    log: silent,
    chatAwaySince,
    tokenDead: () => false,
  });
  return { path, clock, mails };
}

async function later(fleet: Fleet, ms: number): Promise<void> {
  fleet.clock.pass(ms);
  await fleet.parts.outbox.flush();
}

test("Telegram is away for 5 min: the alerts that wait go out by e-mail, once", async () => {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  let since: number | null = null;
  const { path, clock, mails } = await byMail(fleet, () => since);
  fleet.parts.alerts.raise("exit:news_1", crashBody(), Date.now());
  await fleet.parts.outbox.flush();
  since = clock.ms;
  clock.ms += 5 * MIN - 1;
  await path.tell();
  expect(mails, "it may come back").toEqual([]);
  clock.ms += 1;
  await path.tell();
  clock.ms += MIN;
  await path.tell();
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatch(/^To: ann@example\.org/m);
  expect(mails[0]).toMatch(/^Subject: Flotilla: the bot cannot reach Telegram since/m);
  expect(mails[0]).toContain("#A1 ");
  expect(mails[0]).toContain("news_1 crashed");
});

test(
  "the proxy that the bot's calls go through is named, for it may be the one that is away " +
    "(field fault C6)",
  async () => {
    const fleet = await startFleet();
    await meet(fleet, 777, "Ann");
    const since = Date.now() - 10 * MIN;
    const { path, mails } = await byMail(fleet, () => since, "socks5://proxy.example:1080");
    fleet.parts.alerts.raise("exit:news_1", crashBody(), Date.now());
    await fleet.parts.outbox.flush();
    await path.tell();
    expect(mails[0]?.replace(/\r\n /g, " ")).toMatch(
      /^Subject: Flotilla: the bot cannot reach Telegram through socks5:\/\/proxy\.example:1080 since/m,
    );
  },
);

test(
  "a drill goes the whole way: first admin, second admin, everybody and the e-mail, and ends " +
    "with the hand of who takes it",
  async () => {
    const fleet = await startFleet();
    await meet(fleet, 777, "Ann");
    await meet(fleet, 778, "Ben");
    fleet.parts.settings.setTogether(false);
    const { path, mails } = await byMail(fleet);
    await fleet.poll();
    await fleet.post("/chat/text", { text: "/alerts" });
    await fleet.waitForBot(777, "Open alerts");
    expect(await fleet.post("/chat/press", { label: "🧯 Drill" })).toMatchObject({
      toast: { text: "🧯 Drill started" },
    });
    await fleet.waitForBot(777, /DRILL[\s\S]*Ann started a drill/);
    expect(await fromBot(fleet, 778), "not yet").toEqual([]);
    await later(fleet, 15 * MIN);
    await fleet.waitForBot(778, "DRILL");
    await path.tell();
    expect(mails).toEqual([]);
    await later(fleet, 45 * MIN);
    await path.tell();
    await path.tell();
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatch(/^Subject: .*no admin took these alerts for an hour/m);
    expect(mails[0], "it says that it is not real").toMatch(/not[\s=]+really/);
    await fleet.post("/chat/press", { user: 778, label: "✋ I'll take it" });
    for (const user of [777, 778])
      await fleet.waitForBot(user, /DRILL · ✅ .* resolved after .*by Ben/);
    expect(fleet.parts.alerts.countOpen()).toBe(0);
  },
);

test("a test alert says who asked for it and that it came, and is over with ✋", async () => {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  await fleet.poll();
  await fleet.post("/chat/text", { text: "/alerts" });
  await fleet.waitForBot(777, "Open alerts");
  await fleet.post("/chat/press", { label: "🧪 Test alert" });
  await fleet.waitForBot(
    777,
    /Test alert, requested by Ann[\s\S]*If you read this, alerts reach you/,
  );
  await fleet.post("/chat/press", { label: "✋ I'll take it" });
  await fleet.waitForBot(777, /✅ .*solved after .*by Ann/);
});
