import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isAlive, waitFor } from "@flotilla/testkit";
import type { Locator, Page } from "playwright-core";
import { expect, inject, test } from "vitest";
import { CHROMIUM, openPage } from "./support/browser.ts";
import { startFleet } from "./support/fleet.ts";

const PHONE = "15550100042";
const IMAGES = fileURLToPath(new URL("../../docs/images/", import.meta.url));

/**
 * The first steps of a new user on the chat page. `npm test -- story` with UPDATE_IMAGES=1 updates
 * the screenshots of the README.
 */
test.skipIf(!CHROMIUM)(
  "an admin adds a worker, logs it in, restarts it, and sees the alert of its crash open and close",
  async () => {
    // The restart delay is long enough for a screenshot, also on a busy machine.
    const fleet = await startFleet({ RESTART_DELAY_S: "7" });
    await fleet.post("accounts", {
      phone: PHONE,
      firstName: "News",
      lastName: "Desk",
      username: "news_desk",
      password: "correct horse",
      passwordHint: "four words",
    });
    const page = await openPage(fleet.url, { width: 1180, height: 860 });
    const bubble = page.locator('[data-testid^="message-"]');
    const press = (label: string | RegExp): Promise<void> =>
      page.getByTestId("inline-button").filter({ hasText: label }).last().click();

    await page.getByRole("button", { name: "Start", exact: true }).click();
    await shows(bubble, /Fleet · 2 workers/);
    await shot(page, "1-menu");

    await press("Add");
    await shows(bubble, /Send a name, such as/);
    await write(page, "news_1");
    await shows(bubble, /news_1[\s\S]*Not logged in yet/);
    await press("Authenticate");
    await shows(bubble, /Send the phone number/);
    await write(page, "+1 555 010 0042");
    await shows(bubble, /Code: ○ ○ ○ ○ ○/);
    expect(
      await bubble.filter({ hasText: "555 010 0042" }).count(),
      "the phone number is deleted from the chat",
    ).toBe(0);
    const code = await page.getByTestId(`login-code-${PHONE}`).locator(".digits").innerText();
    for (const digit of code.replace(/\D/g, "")) await press(new RegExp(`^${digit}$`));
    await shows(bubble, /Code: ● ● ● ● ●/);
    await shot(page, "2-code");
    await press("✔");
    await shows(bubble, /cloud password. Hint: “four words”/);
    await write(page, "correct horse");
    await shows(bubble, /news_1 is @news_desk/);
    expect(
      await bubble.filter({ hasText: "correct horse" }).count(),
      "the password is deleted from the chat",
    ).toBe(0);

    await press("Worker Details");
    await shows(bubble, /✅ news_1[\s\S]*Status: healthy/);
    await shot(page, "3-details");
    const before = await pidOnCard(bubble);
    await press("Restart");
    await shows(bubble, /Restarted (?:just now|\d+ min ago) \(\d\d:\d\d/);
    await shows(bubble, /Status: healthy/);
    const after = await pidOnCard(bubble);
    expect(after, "a new process").not.toBe(before);
    expect(isAlive(before), "the old process is gone").toBe(false);

    process.kill(after, "SIGKILL");
    await shows(bubble, /news_1 crashed \(SIGKILL[\s\S]*Restart in \d s[\s\S]*\(1\/5\)/);
    if (inject("updateImages")) await shows(bubble, /🟠 news_1[\s\S]*waiting to restart/);
    await shot(page, "4-alert");
    await shows(bubble, /✅ news_1 #A\d+ resolved after \d+ s \(by itself\)/);
    await shows(bubble, /✅ news_1 [\s\S]*Status: healthy[\s\S]*Restarts 1\/5/);
    await shot(page, "5-solved");

    await page.setViewportSize({ width: 390, height: 844 });
    await shot(page, "6-phone");
    const port = /:(\d+)\/healthz \(supervisor\)/.exec(fleet.process.stdout)?.[1];
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toContain('flotilla_worker_exits_total{class="CRASH",decision="restart"} 1');
    expect(metrics).toContain('flotilla_workers{state="RUNNING",class=""}');
    const log = await fleet.get<{ event: string }[]>("connections/log");
    expect(
      log.filter((entry) => entry.event === "duplicated"),
      "no key was ever used twice",
    ).toEqual([]);
  },
);

async function shows(bubble: Locator, text: RegExp): Promise<void> {
  let seen: string[] = [];
  const found = async (): Promise<boolean> => {
    seen = await bubble.allInnerTexts();
    return seen.some((each) => text.test(each));
  };
  await waitFor(found, { timeoutMs: 60_000, what: `a message like ${text}` }).catch(
    (cause: unknown) => {
      throw new Error(
        `no message like ${text}; the last ones are:\n${seen.slice(-3).join("\n\n")}`,
        { cause },
      );
    },
  );
}

async function write(page: Page, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("send").click();
}

async function pidOnCard(bubble: Locator): Promise<number> {
  const texts = await bubble.allInnerTexts();
  return Number(/pid (\d+)/.exec(texts.findLast((text) => text.includes("pid ")) ?? "")?.[1]);
}

async function shot(page: Page, name: string): Promise<void> {
  if (!inject("updateImages")) return;
  mkdirSync(IMAGES, { recursive: true });
  await page.screenshot({ path: `${IMAGES}${name}.png` });
}
