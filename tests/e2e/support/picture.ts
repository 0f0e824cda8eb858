import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { inject } from "vitest";
import { openPage } from "./browser.ts";
import type { TestFleet } from "./fleet.ts";

/** Pictures of docs/admin-guide.md. */
export const IMAGES = fileURLToPath(new URL("../../../docs/images/chat/", import.meta.url));

/** One colour behind the messages: small files. */
export async function makePlain(page: Page): Promise<void> {
  await page.evaluate(
    "const plain = new CSSStyleSheet(); " +
      "plain.replaceSync('.chat{background:#8fb08a!important}" +
      ".chat::before,.day,.toasts,.down{display:none!important}'); " +
      "document.adoptedStyleSheets = [plain]",
  );
}

/** With UPDATE_IMAGES=1 retakes a picture: the newest message with the text. */
export async function pictured({ url }: TestFleet, name: string, text: RegExp): Promise<void> {
  if (!inject("updateImages")) return;
  const page = await openPage(url, { width: 390, height: 1400 });
  await makePlain(page);
  const message = page.locator('[data-testid^="message-"]').filter({ hasText: text }).last();
  await message.screenshot({ path: `${IMAGES}${name}.png`, animations: "disabled" });
}
