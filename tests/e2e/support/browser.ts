import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { onTestFinished } from "vitest";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/**
 * Path of a Chromium on this machine, or undefined. The browser tests need one: `apt-get install
 * chromium`.
 */
export const CHROMIUM = CANDIDATES.find((path) => existsSync(path));

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Opens a page in phone or desktop size; closes it with the test. */
export async function openPage(
  url: string,
  size: { readonly width: number; readonly height: number },
): Promise<Page> {
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM ?? "", args: FLAGS });
  onTestFinished(() => browser.close());
  const page = await browser.newPage({
    viewport: size,
    deviceScaleFactor: 1,
    timezoneId: "UTC",
    reducedMotion: "reduce",
  });
  page.setDefaultTimeout(45_000);
  await page.goto(url);
  return page;
}
