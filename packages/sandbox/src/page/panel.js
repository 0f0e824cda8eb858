// @ts-check

import { accountCard, tick } from "./accounts.js";
import { post, quietly } from "./api.js";
import { byId, h, icon } from "./dom.js";
import { drawFaults, faultTargets, setUpFaults } from "./faults.js";
import { addPerson, drawPeople, setUpPeople } from "./people.js";
import { showToast } from "./toast.js";

/** @typedef {import("./types").WorldState} WorldState */

/** Sandbox time minus the browser's. */
let offsetMs = 0;
let shown = "";

/** Opens and closes the drawer of small screens, wires the forms. */
export function setUpDrawer() {
  const toggle = byId("panel-toggle");
  /** @param {boolean} open */
  const set = (open) => {
    document.body.classList.toggle("panel-open", open);
    toggle.setAttribute("aria-expanded", String(open));
    (open ? byId("panel-close") : toggle).focus();
  };
  toggle.addEventListener("click", () => set(!document.body.classList.contains("panel-open")));
  byId("panel-close").addEventListener("click", () => set(false));
  byId("backdrop").addEventListener("click", () => set(false));
  document.addEventListener("keydown", (event) => {
    if (
      event.key === "Escape" &&
      document.body.classList.contains("panel-open") &&
      !document.querySelector("dialog[open]")
    )
      set(false);
  });
  onSubmit("add-account", (values) =>
    post("/accounts", values).then(({ firstName }) =>
      showToast(`${firstName} has an account now.`),
    ),
  );
  onSubmit("add-channel", ({ title, members }) =>
    post("/channels", { title, members: members?.split(/[\s,]+/).filter(Boolean) ?? [] }).then(() =>
      showToast("Channel created."),
    ),
  );
  onSubmit("paste-token", ({ token, phone }) => acceptQr(phone ?? "", token ?? ""));
  onSubmit("add-person", addPerson);
  setUpFaults();
  setUpPeople();
  setInterval(() => tick(Date.now() + offsetMs), 1000);
}

/**
 * Draws the panel from the world; parts that did not change stay, so that no typing is lost.
 * @param {WorldState} world
 */
export function updatePanel(world) {
  offsetMs = world.now - Date.now();
  const key = JSON.stringify({ ...world, now: 0, connections: 0, faults: 0 });
  if (key !== shown) drawAll(world);
  shown = key;
  drawConnections(world);
  drawFaults(world.faults, offsetMs);
  tick(world.now);
}

/** @param {WorldState} world */
function drawAll(world) {
  const { accounts, channels, qr, people } = world;
  drawPeople(people);
  byId("accounts").replaceChildren(...accounts.map(accountCard));
  byId("no-accounts").hidden = accounts.length > 0;
  /** @type {HTMLDetailsElement} */ (byId("add-account-box")).open ||= accounts.length === 0;
  byId("qr-list").replaceChildren(...qr.map((each) => qrRow(each, accounts)));
  byId("no-qr").hidden = qr.length > 0;
  keepChoice("paste-phone", accounts);
  drawChannels(channels);
  faultTargets(accounts);
}

/** @param {WorldState} world */
function drawConnections({ connections, accounts }) {
  const nameOf = (/** @type {string | null} */ phone) =>
    accounts.find((each) => each.phone === phone)?.firstName ?? phone ?? "not logged in";
  const rows = connections.map((each) =>
    h(
      "li",
      {},
      h("span", { class: "dot", "aria-hidden": "true" }),
      h("b", {}, nameOf(each.phone)),
      h("small", {}, `DC ${each.dc} · ${each.transport} · ${each.remoteAddress}`),
    ),
  );
  byId("connections").replaceChildren(...rows);
  const { length } = connections;
  byId("connection-count").textContent =
    `${length} live ${length === 1 ? "connection" : "connections"}`;
}

/**
 * @param {{ token: string, expiresAt: number }} login
 * @param {import("./types").Account[]} accounts
 */
function qrRow({ token, expiresAt }, accounts) {
  const buttons = accounts.map((account) =>
    h(
      "button",
      {
        type: "button",
        class: "pill",
        onclick: () => quietly(() => acceptQr(account.phone, token)),
      },
      `Scan as ${account.firstName}`,
    ),
  );
  return h(
    "li",
    { class: "qr" },
    h(
      "div",
      { class: "qr-head" },
      icon("qr"),
      h("code", {}, `${token.slice(0, 14)}…`),
      h("small", { "data-until": expiresAt }),
    ),
    h("div", { class: "buttons" }, ...buttons),
  );
}

/**
 * @param {string} phone
 * @param {string} token
 */
function acceptQr(phone, token) {
  return post(`/accounts/${encodeURIComponent(phone)}/qr`, { token: token.trim() }).then(() =>
    showToast("QR login accepted."),
  );
}

/** @param {import("./types").Channel[]} channels */
function drawChannels(channels) {
  const drafts = new Map(
    [...byId("channels").querySelectorAll("input")].map((input) => [input.name, input.value]),
  );
  const rows = channels.map((channel) => {
    const input = /** @type {HTMLInputElement} */ (
      h("input", {
        name: channel.id,
        placeholder: "Write a post…",
        "aria-label": `Post into ${channel.title}`,
        required: true,
        autocomplete: "off",
      })
    );
    input.value = drafts.get(channel.id) ?? "";
    const form = h(
      "form",
      { class: "post" },
      input,
      h("button", { type: "submit", class: "round", "aria-label": "Post" }, icon("send")),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = input.value;
      input.value = "";
      quietly(() =>
        post(`/channels/${encodeURIComponent(channel.id)}/messages`, { text }).then(() =>
          showToast(`Posted into ${channel.title}.`),
        ),
      );
    });
    const { length } = channel.members;
    const about = `${length} ${length === 1 ? "member" : "members"} · pts ${channel.pts}`;
    return h(
      "li",
      { "data-testid": `channel-${channel.id}` },
      h("b", {}, channel.title),
      h("small", {}, about),
      form,
    );
  });
  byId("channels").replaceChildren(...rows);
}

/**
 * Fills a select with the accounts and keeps what was chosen.
 * @param {string} id
 * @param {import("./types").Account[]} accounts
 */
function keepChoice(id, accounts) {
  const select = /** @type {HTMLSelectElement} */ (byId(id));
  const before = select.value;
  select.replaceChildren(
    ...accounts.map(({ phone, firstName }) => h("option", { value: phone }, firstName)),
  );
  if (accounts.some(({ phone }) => phone === before)) select.value = before;
}

/**
 * Empty fields are left out; the form is cleared once it worked.
 * @param {string} id
 * @param {(values: Record<string, string>) => Promise<unknown>} send
 */
function onSubmit(id, send) {
  const form = /** @type {HTMLFormElement} */ (byId(id));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = [...new FormData(form)].flatMap(([name, value]) =>
      typeof value === "string" && value !== "" ? [[name, value]] : [],
    );
    quietly(() => send(Object.fromEntries(values)).then(() => form.reset()));
  });
}
