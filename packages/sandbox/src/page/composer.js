// @ts-check
import { postAs, quietly } from "./api.js";
import { byId, h } from "./dom.js";
import { showToast } from "./toast.js";

/** @typedef {import("./types").ChatState} ChatState */

const input = /** @type {HTMLTextAreaElement} */ (byId("composer"));
const menu = byId("commands");
const menuButton = byId("menu-button");
const attachment = /** @type {HTMLInputElement} */ (byId("attachment"));
/** The largest file that a bot can fetch (https://core.telegram.org/bots/api#getfile). */
const MOST_BYTES = 20 * 1024 * 1024;

/** @type {import("./types").Command[]} */
let commands = [];

/** Wires the text field, the command menu and the Start button. */
export function setUpComposer() {
  byId("composer-form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  input.addEventListener("keydown", onKey);
  input.addEventListener("input", () => {
    fit();
    const typed = /^\/(\w*)$/.exec(input.value)?.[1];
    showMenu(
      typed === undefined ? [] : commands.filter(({ command }) => command.startsWith(typed)),
    );
  });
  setUpFiles();
  menuButton.addEventListener("click", () => showMenu(menu.hidden ? commands : []));
  byId("start").addEventListener("click", () =>
    quietly(() =>
      postAs("/chat/start", { languageCode: navigator.language }).then(() => input.focus()),
    ),
  );
  document.addEventListener("click", (event) => {
    if (
      event.target instanceof Element &&
      event.target.closest("#commands, #menu-button, #composer") === null
    )
      showMenu([]);
  });
}

/** 📎, a file that is dropped on the field, and one that is pasted. */
function setUpFiles() {
  const form = byId("composer-form");
  byId("attach").addEventListener("click", () => attachment.click());
  attachment.addEventListener("change", () => {
    sendFiles(attachment.files);
    attachment.value = "";
  });
  for (const kind of ["dragover", "dragleave", "drop"])
    form.addEventListener(kind, (event) => {
      event.preventDefault();
      form.classList.toggle("drop", kind === "dragover");
    });
  form.addEventListener("drop", (event) => sendFiles(event.dataTransfer?.files ?? null));
  input.addEventListener("paste", (event) => sendFiles(event.clipboardData?.files ?? null));
}

/** @param {FileList | null} files */
function sendFiles(files) {
  for (const file of files ?? []) {
    if (file.size > MOST_BYTES)
      showToast(`${file.name} is too large: a bot gets files up to 20 MB.`);
    else
      quietly(() =>
        base64(file).then((content) => postAs("/chat/file", { name: file.name, base64: content })),
      );
  }
}

/**
 * @param {File} file
 * @returns {Promise<string>}
 */
function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => {
      showToast(`${file.name} cannot be read.`);
      reject(new Error("unreadable"));
    };
    reader.readAsDataURL(file);
  });
}

/**
 * Shows what fits the chat: Start, Restart, or the field with menu and reply keyboard.
 * @param {ChatState} chat
 */
export function updateComposer(chat) {
  commands = chat.commands;
  const closed = !chat.started || chat.blocked;
  byId("start").hidden = !closed;
  byId("start").textContent = chat.blocked ? "Restart" : "Start";
  byId("composer-form").hidden = closed;
  menuButton.hidden = commands.length === 0;
  const rows = (chat.replyKeyboard ?? []).map((row) =>
    h(
      "div",
      { class: "keyboard-row" },
      ...row.map((label) =>
        h(
          "button",
          { type: "button", class: "reply-button", onclick: () => sendText(label) },
          label,
        ),
      ),
    ),
  );
  byId("reply-keyboard").replaceChildren(...rows);
}

/**
 * Sends a text as the admin.
 * @param {string} text
 */
export function sendText(text) {
  showMenu([]);
  quietly(() => postAs("/chat/text", { text }));
}

function submit() {
  const text = input.value.trim();
  if (text === "") return;
  input.value = "";
  fit();
  sendText(text);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const options = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("button")]);
  if (event.key === "Escape") showMenu([]);
  else if (event.key === "ArrowUp" && options.length > 0) {
    event.preventDefault();
    options.at(-1)?.focus();
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    submit();
  }
}

function fit() {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight, 160)}px`;
  byId("send").classList.toggle("ready", input.value.trim() !== "");
}

/** @param {import("./types").Command[]} shown */
function showMenu(shown) {
  menu.hidden = shown.length === 0;
  menuButton.setAttribute("aria-expanded", String(!menu.hidden));
  const items = shown.map(({ command, description }) =>
    h(
      "button",
      { type: "button", onclick: () => choose(command) },
      h("span", {}, description),
      h("b", {}, `/${command}`),
    ),
  );
  items.forEach((item, index) => {
    item.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (event.key === "Escape") showMenu([]);
      if (event.key === "Escape" || step !== 0) event.preventDefault();
      if (event.key === "Escape" || index + step >= items.length) input.focus();
      else if (step !== 0) items[Math.max(index + step, 0)]?.focus();
    });
  });
  menu.replaceChildren(...items);
}

/** @param {string} command */
function choose(command) {
  input.value = "";
  fit();
  sendText(`/${command}`);
  input.focus();
}
