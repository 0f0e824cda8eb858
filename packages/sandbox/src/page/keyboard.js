// @ts-check
import { h, icon } from "./dom.js";
import { copyText } from "./toast.js";

/** @typedef {import("./types").Message} Message */
/** @typedef {import("./types").Button} Button */

/**
 * Rows of inline buttons under a bubble, or null.
 * @param {Message} message
 * @param {import("./bubble.js").BubbleHost} host
 * @returns {HTMLElement | null}
 */
export function renderKeyboard(message, host) {
  if (message.keyboard.length === 0) return null;
  const rows = message.keyboard.map((row) =>
    h(
      "div",
      { class: "keyboard-row" },
      ...row.map((button) => inlineButton(message, button, host)),
    ),
  );
  return h(
    "div",
    { class: "keyboard", role: "group", "aria-label": "Buttons of this message" },
    ...rows,
  );
}

/**
 * @param {Message} message
 * @param {Button} button
 * @param {import("./bubble.js").BubbleHost} host
 */
function inlineButton(message, button, host) {
  const props = { class: `inline-button ${button.style ?? ""}`, "data-testid": "inline-button" };
  const url = button.url ?? button.web_app?.url;
  if (url !== undefined)
    return h(
      "a",
      { ...props, href: url, target: "_blank", rel: "noopener noreferrer" },
      h("span", {}, button.text),
      mark("link"),
    );
  if (button.copy_text !== undefined) {
    const { text } = button.copy_text;
    return h(
      "button",
      { ...props, type: "button", onclick: () => void copyText(text, "Text") },
      h("span", {}, button.text),
      mark("copy"),
    );
  }
  const data = button.callback_data;
  const pending = data !== undefined && host.isPending(message.id, data);
  return h(
    "button",
    {
      ...props,
      type: "button",
      "data-callback": data,
      disabled: data === undefined,
      "aria-busy": pending ? "true" : null,
      onclick: () => host.press(message, button),
    },
    h("span", {}, button.text),
  );
}

/** @param {string} name */
function mark(name) {
  const svg = icon(name);
  svg.classList.add("corner");
  return svg;
}
