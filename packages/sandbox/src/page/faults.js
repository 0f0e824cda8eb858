// @ts-check
import { post, quietly } from "./api.js";
import { byId, h } from "./dom.js";
import { showToast } from "./toast.js";

/** @typedef {{ label: string, hint: string, path: string, body(phone: string): object, said: string }} Fault */

/** @param {string} phone */
const target = (phone) => (phone === "" ? {} : { phone });

/** @type {Fault[]} */
const CONNECTION = [
  { label: "Drop", hint: "Close the connections politely", path: "/faults/drop", body: target, said: "Connections dropped." },
  {
    label: "Reset",
    hint: "Close the connections with a TCP reset",
    path: "/faults/drop",
    body: (p) => ({ ...target(p), how: "rst" }),
    said: "Connections reset.",
  },
  {
    label: "Silence",
    hint: "Connections stay open, nothing passes until Heal",
    path: "/faults/silence",
    body: target,
    said: "Silence, until you heal it.",
  },
  {
    label: "Delay 2 s",
    hint: "Every answer comes 2 seconds late",
    path: "/faults/delay",
    body: (p) => ({ ...target(p), delayMs: 2000 }),
    said: "Answers are 2 s late now.",
  },
  {
    label: "Refuse",
    hint: "New connections are refused until Heal",
    path: "/faults/refuse",
    body: () => ({}),
    said: "New connections are refused.",
  },
  {
    label: "Restart DC 2",
    hint: "Down for 3 seconds",
    path: "/faults/restart-dc",
    body: () => ({ dc: 2, downMs: 3000 }),
    said: "DC 2 was restarted.",
  },
];

/** @param {number} code @param {string} text @returns {Fault["body"]} */
const fail = (code, text) => (phone) => ({ ...target(phone), method: "*", code, text, times: 1 });

/** @type {Fault[]} */
const ANSWERS = [
  {
    label: "401",
    hint: "The next call fails with AUTH_KEY_UNREGISTERED",
    path: "/faults/fail",
    body: fail(401, "AUTH_KEY_UNREGISTERED"),
    said: "The next call gets 401.",
  },
  {
    label: "Flood 30 s",
    hint: "The next call fails with FLOOD_WAIT_30",
    path: "/faults/fail",
    body: fail(420, "FLOOD_WAIT_30"),
    said: "The next call gets FLOOD_WAIT_30.",
  },
  {
    label: "500",
    hint: "The next call fails with an internal error",
    path: "/faults/fail",
    body: fail(500, "INTERNAL"),
    said: "The next call gets 500.",
  },
];

/** @type {Fault[]} */
const BOT = [
  {
    label: "Lose a tap",
    hint: "The next button press never reaches the bot",
    path: "/faults/lose",
    body: () => ({ callbacks: 1 }),
    said: "The next tap gets lost.",
  },
  {
    label: "429",
    hint: "The next Bot API call has to wait 5 seconds",
    path: "/faults/bot",
    body: () => ({ method: "*", error: { code: 429, retryAfter: 5 } }),
    said: "The next bot call gets 429.",
  },
  {
    label: "Bot 500",
    hint: "The next Bot API call fails",
    path: "/faults/bot",
    body: () => ({ method: "*", error: { code: 500 } }),
    said: "The next bot call gets 500.",
  },
  {
    label: "Block bot",
    hint: "As the admin; Restart unblocks",
    path: "/chat/block",
    body: () => ({ blocked: true }),
    said: "The admin blocks the bot.",
  },
];

const groups = { "fault-connection": CONNECTION, "fault-answers": ANSWERS, "fault-bot": BOT };

/** Makes the fault buttons. */
export function setUpFaults() {
  for (const [id, faults] of Object.entries(groups)) byId(id).replaceChildren(...faults.map(faultButton));
  byId("heal").addEventListener("click", () =>
    quietly(() => post("/faults/heal").then(() => showToast("Everything works again."))),
  );
}

/**
 * Offers the accounts as targets.
 * @param {import("./types").Account[]} accounts
 */
export function faultTargets(accounts) {
  const select = /** @type {HTMLSelectElement} */ (byId("fault-target"));
  const before = select.value;
  const options = accounts.map(({ phone, firstName }) => h("option", { value: phone }, `${firstName} only`));
  select.replaceChildren(h("option", { value: "" }, "All accounts"), ...options);
  if (accounts.some(({ phone }) => phone === before)) select.value = before;
}

/** @param {Fault} fault */
function faultButton({ label, hint, path, body, said }) {
  const run = () => {
    const phone = /** @type {HTMLSelectElement} */ (byId("fault-target")).value;
    return post(path, body(phone)).then((answer) =>
      showToast(answer.dropped === undefined ? said : `${said} (${answer.dropped})`),
    );
  };
  return h("button", { type: "button", class: "pill", title: hint, onclick: () => quietly(run) }, label);
}
