// @ts-check
import { post, postAs, quietly } from "./api.js";
import { byId, h } from "./dom.js";
import { showToast } from "./toast.js";

/** @typedef {{ label: string, hint: string, path: string, body(phone: string): object }} Fault */

/** @param {string} phone */
const target = (phone) => (phone === "" ? {} : { phone });

/** @type {Fault[]} */
const CONNECTION = [
  { label: "Drop", hint: "Close the connections politely", path: "/faults/drop", body: target },
  {
    label: "Reset",
    hint: "Close the connections with a TCP reset",
    path: "/faults/drop",
    body: (p) => ({ ...target(p), how: "rst" }),
  },
  {
    label: "Silence",
    hint: "Connections stay open, nothing passes until Heal",
    path: "/faults/silence",
    body: target,
  },
  {
    label: "Delay 2 s",
    hint: "Every answer comes 2 seconds late",
    path: "/faults/delay",
    body: (p) => ({ ...target(p), delayMs: 2000 }),
  },
  {
    label: "Refuse",
    hint: "New connections are refused until Heal",
    path: "/faults/refuse",
    body: () => ({}),
  },
  {
    label: "Restart DC 2",
    hint: "Down for 3 seconds",
    path: "/faults/restart-dc",
    body: () => ({ dc: 2, downMs: 3000 }),
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
  },
  {
    label: "Flood 30 s",
    hint: "The next call fails with FLOOD_WAIT_30",
    path: "/faults/fail",
    body: fail(420, "FLOOD_WAIT_30"),
  },
  {
    label: "500",
    hint: "The next call fails with an internal error",
    path: "/faults/fail",
    body: fail(500, "INTERNAL"),
  },
];

/** @type {Fault[]} */
const BOT = [
  {
    label: "Lose a tap",
    hint: "The next button press never reaches the bot",
    path: "/faults/lose",
    body: () => ({ callbacks: 1 }),
  },
  {
    label: "429",
    hint: "The next Bot API call has to wait 5 seconds",
    path: "/faults/bot",
    body: () => ({ method: "*", error: { code: 429, retryAfter: 5 } }),
  },
  {
    label: "Bot 500",
    hint: "The next Bot API call fails",
    path: "/faults/bot",
    body: () => ({ method: "*", error: { code: 500 } }),
  },
  {
    label: "Block bot",
    hint: "As the person whose chat is shown; Restart unblocks",
    path: "/chat/block",
    body: () => ({ blocked: true }),
  },
];

const groups = { "fault-connection": CONNECTION, "fault-answers": ANSWERS, "fault-bot": BOT };

/** Makes the fault buttons. */
export function setUpFaults() {
  for (const [id, faults] of Object.entries(groups))
    byId(id).replaceChildren(...faults.map(faultButton));
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
  const options = accounts.map(({ phone, firstName }) =>
    h("option", { value: phone }, `${firstName} only`),
  );
  select.replaceChildren(h("option", { value: "" }, "All accounts"), ...options);
  if (accounts.some(({ phone }) => phone === before)) select.value = before;
}

/** @param {Fault} fault */
function faultButton({ label, hint, path, body }) {
  const run = () => {
    const phone = /** @type {HTMLSelectElement} */ (byId("fault-target")).value;
    const send = path.startsWith("/chat/") ? postAs : post;
    return send(path, body(phone)).then(({ said }) => showToast(said ?? "Done."));
  };
  return h(
    "button",
    { type: "button", class: "pill", title: hint, onclick: () => quietly(run) },
    label,
  );
}

/**
 * What was broken, and what came of it so far.
 * @param {import("./types").FaultNote[]} notes
 * @param {number} offsetMs sandbox time minus the browser's
 */
export function drawFaults(notes, offsetMs) {
  const rows = notes.map(({ at, text, effect }) => {
    const time = new Date(at - offsetMs).toLocaleTimeString([], { hour12: false });
    return h(
      "li",
      {},
      h("b", {}, text),
      h("time", {}, time),
      effect === null ? null : h("small", {}, effect),
    );
  });
  byId("fault-log").replaceChildren(...rows);
}
