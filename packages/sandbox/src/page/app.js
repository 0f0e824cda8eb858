// @ts-check
import { me, postAs, quietly } from "./api.js";
import { ChatView } from "./chat.js";
import { sendText, setUpComposer, updateComposer } from "./composer.js";
import { byId, h } from "./dom.js";
import { setUpDrawer, updatePanel } from "./panel.js";
import { showAlert, showToast } from "./toast.js";

/** @typedef {import("./types").ChatState} ChatState */
/** @typedef {import("./types").Message} Message */

const SPINNER_MS = 15_000;
const TYPING_MS = 5000;

/** Presses without an answer yet: callback id (or a local mark) → message and data. @type {Map<string, string>} */
const pending = new Map();
/** @type {ChatState | null} */
let state = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let typingTimer;
/** Messages in the last snapshot: fewer of them means a reset. */
let chatSize = 0;
/** True after the connection broke: messages may have been missed. */
let lost = false;

const chat = new ChatView({
  botName: () => state?.bot.firstName ?? "Bot",
  isPending: (messageId, data) => [...pending.values()].includes(`${messageId}|${data}`),
  press,
  command: sendText,
  open: openPhoto,
});

setUpComposer();
setUpDrawer();
connect();

/**
 * @param {Message} message
 * @param {import("./types").Button} button
 */
function press(message, button) {
  const key = `${message.id}|${button.callback_data}`;
  if ([...pending.values()].includes(key)) return;
  quietly(() =>
    postAs("/chat/press", { messageId: message.id, data: button.callback_data, waitMs: 0 }),
  );
}

function connect() {
  const events = new EventSource(
    me === undefined ? "/control/events" : `/control/events?user=${me}`,
  );
  /** @param {string} name @param {(data: any) => void} handle */
  const on = (name, handle) =>
    events.addEventListener(name, (event) =>
      handle(JSON.parse(/** @type {MessageEvent} */ (event).data)),
    );
  on("chat", showChat);
  on("world", updatePanel);
  on("message", (message) => {
    if (message.from === "bot") showTyping(null);
    chat.add(message);
  });
  on("edited", (message) => {
    chat.replace(message);
    showPinned();
  });
  on("deleted", ({ id }) => {
    chat.remove(id);
    showPinned();
  });
  on("callback", startSpinner);
  on("answer", showAnswer);
  on("action", ({ action }) => showTyping(action));
  events.addEventListener("open", () => showOnline(true));
  events.addEventListener("error", () => showOnline(false));
}

/** @param {ChatState} next */
function showChat(next) {
  const fresh =
    state === null || state.user.id !== next.user.id || next.messages.length < chatSize || lost;
  chatSize = next.messages.length;
  lost = false;
  state = next;
  byId("bot-name").textContent = next.bot.firstName;
  byId("avatar").textContent = next.bot.firstName.slice(0, 1);
  document.title = `${next.bot.firstName} – sandbox`;
  updateComposer(next);
  if (fresh) chat.reset(next.messages);
  else for (const message of next.messages) chat.replaceIfPinChanged(message);
  showPinned();
}

/** @param {boolean} online */
function showOnline(online) {
  document.body.classList.toggle("offline", !online);
  if (!online) lost = true;
  showTyping(null);
}

function showPinned() {
  const id = state?.pinned.at(-1);
  const message = id === undefined ? undefined : chat.find(id);
  const bar = byId("pinned");
  bar.hidden = message === undefined;
  if (message === undefined) return;
  byId("pinned-text").textContent = message.text.split("\n")[0] || "Photo";
  bar.onclick = () => chat.scrollTo(message.id);
}

/** @param {string | null} action */
function showTyping(action) {
  clearTimeout(typingTimer);
  const status = byId("status");
  const offline = document.body.classList.contains("offline");
  const words = action?.startsWith("upload_")
    ? `sending a ${action.slice("upload_".length)}`
    : "typing";
  status.classList.toggle("typing", action !== null && !offline);
  status.textContent = offline ? "connecting…" : action === null ? "bot" : words;
  if (action !== null) typingTimer = setTimeout(() => showTyping(null), TYPING_MS);
}

/** @param {{ callbackId: string, messageId: number, data: string }} event */
function startSpinner({ callbackId, messageId, data }) {
  pending.set(callbackId, `${messageId}|${data}`);
  chat.redraw(messageId);
  setTimeout(() => stopSpinner(callbackId, messageId), SPINNER_MS);
}

/**
 * @param {string} callbackId
 * @param {number} messageId
 */
function stopSpinner(callbackId, messageId) {
  if (pending.delete(callbackId)) chat.redraw(messageId);
}

/** @param {import("./types").Answer} answer */
function showAnswer({ callbackId, messageId, text, alert }) {
  stopSpinner(callbackId, messageId);
  if (text === null) return;
  if (alert) showAlert(state?.bot.firstName ?? "Bot", text);
  else showToast(text);
}

/** @param {Message} message */
function openPhoto(message) {
  if (message.photo === null) return;
  const dialog = /** @type {HTMLDialogElement} */ (byId("viewer"));
  const close = h(
    "button",
    { type: "button", class: "viewer-close", "aria-label": "Close", onclick: () => dialog.close() },
    "×",
  );
  dialog.replaceChildren(h("img", { src: message.photo.url, alt: message.text || "Photo" }), close);
  dialog.onclick = () => dialog.close();
  dialog.showModal();
}
