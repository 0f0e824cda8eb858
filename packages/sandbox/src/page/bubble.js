// @ts-check
import { clockTime, h, icon, sizeLabel } from "./dom.js";
import { renderText } from "./entities.js";
import { renderKeyboard } from "./keyboard.js";

/** The longer side of a photo in the chat. */
const PHOTO_PX = 400;

/** @typedef {import("./types").Message} Message */
/** @typedef {{ find(id: number): Message | undefined, isPending(messageId: number, data: string): boolean, press(message: Message, button: import("./types").Button): void, command(text: string): void, botName(): string, open(message: Message): void }} BubbleHost */

/**
 * One message as an element: bubble with tail, media, text, time, and its keyboard below.
 * @param {Message} message
 * @param {BubbleHost} host
 * @returns {HTMLElement}
 */
export function renderMessage(message, host) {
  const own = message.from === "user";
  const bubble = h(
    "div",
    { class: bubbleClass(message) },
    message.replyTo === null ? null : replyLine(message.replyTo, host),
    message.photo === null ? null : photo(message, host),
    message.document === null ? null : documentRow(message.document),
    message.text === ""
      ? null
      : h(
          "div",
          { class: "text", dir: "auto" },
          renderText(message.text, message.entities, host.command),
        ),
    meta(message, own),
    tail(),
  );
  const label = `${own ? "You" : host.botName()}, ${clockTime(message.date)}`;
  return h(
    "article",
    {
      class: `message ${own ? "own" : "bot"}`,
      "data-testid": `message-${message.id}`,
      "data-id": message.id,
      "aria-label": label,
    },
    stack(message, bubble, renderKeyboard(message, host)),
  );
}

/**
 * Bubble and keyboard; as wide as the photo where there is one.
 * @param {Message} message
 * @param {HTMLElement} bubble
 * @param {HTMLElement | null} keyboard
 */
function stack({ photo: picture }, bubble, keyboard) {
  const element = h("div", { class: "stack" }, bubble, keyboard);
  if (picture === null) return element;
  const scale = Math.min(PHOTO_PX / picture.width, PHOTO_PX / picture.height);
  element.style.width = `min(100%, ${Math.max(Math.round(picture.width * Math.min(scale, 2)), 200)}px)`;
  return element;
}

/** @param {Message} message */
function bubbleClass({ photo: picture, text, keyboard, document: file, entities }) {
  const plain = picture === null && file === null && entities.length === 0;
  const onlyEmoji =
    plain &&
    /^(?:\p{Extended_Pictographic}\uFE0F?(?:\u200D\p{Extended_Pictographic}\uFE0F?)*\s*){1,3}$/u.test(
      text,
    );
  const marks = [
    picture !== null && "with-photo",
    picture !== null && text === "" && "photo-only",
    onlyEmoji && "big-emoji",
    keyboard.length > 0 && "with-keyboard",
  ];
  return ["bubble", ...marks.filter((mark) => mark !== false)].join(" ");
}

/**
 * @param {Message} message
 * @param {boolean} own
 */
function meta(message, own) {
  return h(
    "span",
    { class: "meta" },
    message.pinned ? icon("pin") : null,
    message.edited === null ? null : h("span", { class: "edited" }, "edited "),
    h(
      "time",
      {
        datetime: new Date(message.date).toISOString(),
        title: new Date(message.date).toLocaleString(),
      },
      clockTime(message.date),
    ),
    own ? icon("ticks") : null,
  );
}

function tail() {
  const svg = icon("tail");
  svg.setAttribute("class", "tail");
  return svg;
}

/**
 * @param {number} id
 * @param {BubbleHost} host
 */
function replyLine(id, host) {
  const replied = host.find(id);
  const text =
    replied === undefined || replied.deleted
      ? "Deleted message"
      : replied.text.slice(0, 80) || "Photo";
  return h(
    "div",
    { class: "reply" },
    h("b", {}, replied?.from === "user" ? "You" : host.botName()),
    h("span", {}, text),
  );
}

/**
 * @param {Message} message
 * @param {BubbleHost} host
 */
function photo(message, host) {
  const picture = message.photo;
  if (picture === null) return null;
  const alt = message.text === "" ? "Photo" : `Photo: ${message.text.slice(0, 80)}`;
  const image = h("img", {
    src: picture.url,
    width: picture.width,
    height: picture.height,
    alt,
    draggable: "false",
  });
  const show = () =>
    picture.spoiler && !button.classList.contains("shown")
      ? button.classList.add("shown")
      : host.open(message);
  const button = h(
    "button",
    {
      type: "button",
      class: picture.spoiler ? "photo veiled" : "photo",
      "aria-label": "Open photo",
      onclick: show,
    },
    image,
  );
  return button;
}

/** @param {NonNullable<Message["document"]>} file */
function documentRow(file) {
  return h(
    "a",
    { class: "document", href: file.url, download: file.name },
    h("span", { class: "document-icon" }, icon("file")),
    h(
      "span",
      { class: "document-name" },
      h("b", {}, file.name),
      h("small", {}, sizeLabel(file.size)),
    ),
  );
}
