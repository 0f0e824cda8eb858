// @ts-check
import { h, icon } from "./dom.js";
import { copyText } from "./toast.js";

/** @typedef {import("./types").Account} Account */

/** @type {Record<import("./types").LoginCode["state"], string>} */
const STATES = {
  valid: "valid",
  used: "used",
  expired: "expired",
  cancelled: "cancelled – it was sent in a chat",
  withdrawn: "withdrawn – the login ended, or too many wrong ones",
  replaced: "replaced by a newer one",
};

/**
 * An account with its phone, marks and the latest login code.
 * @param {Account} account
 * @returns {HTMLElement}
 */
export function accountCard(account) {
  const { phone, firstName, lastName, hasPassword, dc, sessions, passwordHint } = account;
  const hint =
    passwordHint === null
      ? "Two-step verification is on"
      : `Two-step verification is on, hint: ${passwordHint}`;
  return h(
    "li",
    { class: "account", "data-testid": `account-${phone}` },
    h(
      "span",
      { class: `face face-${Number(account.id.slice(-1)) % 7}`, "aria-hidden": "true" },
      firstName.slice(0, 1),
    ),
    h(
      "div",
      { class: "account-main" },
      h(
        "b",
        {},
        `${firstName} ${lastName}`.trim(),
        hasPassword ? h("span", { class: "badge", title: hint }, icon("lock"), "2FA") : null,
      ),
      h(
        "button",
        {
          type: "button",
          class: "link",
          title: "Copy the phone number",
          onclick: () => void copyText(phone, "Phone number"),
        },
        displayPhone(phone),
      ),
      h("small", {}, `DC ${dc} · ${sessions === 1 ? "1 session" : `${sessions} sessions`}`),
    ),
    account.code === null ? null : codeBox(phone, account.code),
  );
}

/**
 * @param {string} phone
 * @param {import("./types").LoginCode} code
 */
function codeBox(phone, code) {
  const props = {
    type: "button",
    class: `code ${code.state}`,
    "data-testid": `login-code-${phone}`,
    "data-state": code.state,
    "aria-label": `Login code ${code.code}, ${STATES[code.state]}. Press to copy.`,
    onclick: () => void copyText(code.code, "Login code"),
  };
  const until = code.state === "valid" ? h("small", { "data-until": code.expiresAt }) : null;
  return h(
    "button",
    props,
    h("span", { class: "digits" }, code.code),
    h("span", { class: "code-state" }, STATES[code.state], until),
    icon("copy"),
  );
}

/** @param {string} phone */
function displayPhone(phone) {
  return phone.startsWith("+") ? phone : `+${phone}`;
}

/**
 * Counts down everything that carries `data-until`.
 * @param {number} now of the sandbox, ms
 */
export function tick(now) {
  for (const element of document.querySelectorAll("[data-until]")) {
    const leftS = Math.max(
      0,
      Math.round((Number(element.getAttribute("data-until")) - now) / 1000),
    );
    element.textContent = ` ${Math.floor(leftS / 60)}:${String(leftS % 60).padStart(2, "0")} left`;
  }
}
