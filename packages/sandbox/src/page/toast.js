// @ts-check
import { byId, h } from "./dom.js";

const SHOWN_MS = 3500;

/**
 * Shows a short note over the chat for a moment; a screen reader reads it out.
 * @param {string} text
 */
export function showToast(text) {
  const toast = h("div", { class: "toast", "data-testid": "toast" }, text);
  byId("toasts").replaceChildren(toast);
  setTimeout(() => {
    toast.classList.add("leaving");
    setTimeout(() => toast.remove(), 300);
  }, SHOWN_MS);
}

/**
 * Shows an answer with `show_alert`: a dialog that waits for OK.
 * @param {string} title
 * @param {string} text
 */
export function showAlert(title, text) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("alert"));
  byId("alert-title").textContent = title;
  byId("alert-text").textContent = text;
  if (!dialog.open) dialog.showModal();
}

/**
 * @param {string} text
 * @param {string} what
 */
export async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    showToast(`${what} copied to clipboard.`);
  } catch {
    showToast(`The browser refused to copy. ${what}: ${text}`);
  }
}
