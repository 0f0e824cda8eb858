// @ts-check
import { h } from "./dom.js";
import { copyText } from "./toast.js";

/** @typedef {import("./types").Entity} Entity */

/** @type {Record<string, string>} */
const TAGS = {
  bold: "b",
  italic: "i",
  underline: "u",
  strikethrough: "s",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};

/**
 * Text with entities as DOM nodes; nested entities become nested elements.
 * @param {string} text
 * @param {Entity[]} entities sorted: outer ones first
 * @param {(command: string) => void} onCommand
 * @returns {DocumentFragment}
 */
export function renderText(text, entities, onCommand) {
  const root = document.createDocumentFragment();
  fill(root, { text, from: 0, to: text.length, entities, onCommand });
  return root;
}

/**
 * @param {Node} parent
 * @param {{ text: string, from: number, to: number, entities: Entity[], onCommand: (command: string) => void }} part
 */
function fill(parent, { text, from, to, entities, onCommand }) {
  let at = from;
  let rest = entities;
  while (rest.length > 0) {
    const [entity, ...others] = /** @type {[Entity, ...Entity[]]} */ (rest);
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.offset + entity.length, to);
    if (start >= to) break;
    rest = others;
    if (end <= start) continue;
    parent.appendChild(document.createTextNode(text.slice(at, start)));
    const element = wrap(entity, text.slice(start, end), onCommand);
    const inner = rest.filter((other) => other.offset < end);
    fill(element, { text, from: start, to: end, entities: inner, onCommand });
    parent.appendChild(element);
    at = isBlock(element) && text[end] === "\n" ? end + 1 : end;
    rest = rest
      .filter((other) => other.offset + other.length > end)
      .sort((a, b) => a.offset - b.offset);
  }
  parent.appendChild(document.createTextNode(text.slice(at, to)));
}

/**
 * A block ends its line by itself: the newline after it would show as an empty line.
 * @param {HTMLElement} element
 */
function isBlock(element) {
  return element.tagName === "PRE" || element.tagName === "BLOCKQUOTE";
}

/**
 * @param {Entity} entity
 * @param {string} text
 * @param {(command: string) => void} onCommand
 * @returns {HTMLElement}
 */
function wrap(entity, text, onCommand) {
  const tag = TAGS[entity.type];
  if (tag !== undefined)
    return h(tag, { class: entity.type === "expandable_blockquote" ? "expandable" : null });
  if (entity.type === "code") return copyable(h("code", { class: "mono" }), text);
  if (entity.type === "pre") return copyable(h("pre", { "data-language": entity.language }), text);
  if (entity.type === "spoiler") return spoiler();
  if (entity.type === "text_link") return link(entity.url ?? "");
  if (entity.type === "url") return link(text);
  if (entity.type === "email") return link(`mailto:${text}`);
  if (entity.type === "bot_command")
    return h("button", { type: "button", class: "link", onclick: () => onCommand(text) });
  return h("span", { class: "accent" });
}

/** @param {string} url */
function link(url) {
  const safe = /^(https?|tg|mailto):/i.test(url) ? url : "#";
  return h("a", { href: safe, target: "_blank", rel: "noopener noreferrer" });
}

/**
 * Telegram copies code on a click.
 * @param {HTMLElement} element
 * @param {string} text
 */
function copyable(element, text) {
  element.title = "Click to copy";
  element.addEventListener("click", () => void copyText(text, "Text"));
  return element;
}

/** Hidden until it is pressed. */
function spoiler() {
  const show = () => element.classList.add("shown");
  const element = h("span", {
    class: "spoiler",
    role: "button",
    tabindex: 0,
    "aria-label": "Hidden text, press to show",
    onclick: show,
  });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") show();
  });
  return element;
}
