// @ts-check
import { renderMessage } from "./bubble.js";
import { byId, dayLabel, h } from "./dom.js";

/** @typedef {import("./types").Message} Message */

const NEAR_BOTTOM_PX = 80;

/**
 * The message list: keyed elements, edits in place, dates between days, and a button down to the news.
 */
export class ChatView {
  /** @type {Map<number, { message: Message, element: HTMLElement }>} */
  #shown = new Map();
  #unread = 0;
  /** @type {import("./bubble.js").BubbleHost} */
  #host;
  #list = byId("messages");
  #scroller = byId("scroller");
  #down = byId("down");
  #stuck = true;
  #size = "";
  /** True while a smooth scroll to the bottom is under way. */
  #gliding = false;

  /** @param {Omit<import("./bubble.js").BubbleHost, "find">} host */
  constructor(host) {
    this.#host = { ...host, find: (id) => this.#shown.get(id)?.message };
    this.#scroller.addEventListener("scroll", () => this.#updateDown());
    for (const name of ["scrollend", "wheel", "touchmove", "keydown"])
      this.#scroller.addEventListener(name, () => this.#letGo(), { passive: true });
    this.#down.addEventListener("click", () => this.toBottom("smooth"));
    new ResizeObserver(() => {
      if (this.#stuck) this.toBottom("instant");
    }).observe(this.#scroller);
    this.#list.addEventListener("load", () => this.#stuck && this.toBottom("instant"), true);
  }

  /** @param {Message[]} messages */
  reset(messages) {
    this.#shown.clear();
    this.#list.replaceChildren();
    for (const message of messages) if (!message.deleted) this.#append(message, false);
    this.toBottom("instant");
  }

  /** @param {Message} message */
  add(message) {
    if (this.#shown.has(message.id)) return this.replace(message);
    const follow = this.#stuck || message.from === "user";
    this.#append(message, true);
    if (follow) this.toBottom("smooth");
    else this.#unread += 1;
    this.#updateDown();
  }

  /**
   * Redraws a message in place; the keyboard focus stays on the same button.
   * @param {Message} message
   */
  replace(message) {
    const old = this.#shown.get(message.id);
    if (old === undefined) return;
    const focused = [...old.element.querySelectorAll(".inline-button")].indexOf(
      /** @type {Element} */ (document.activeElement),
    );
    const element = renderMessage(message, this.#host);
    old.element.replaceWith(element);
    this.#shown.set(message.id, { message, element });
    this.#group();
    if (focused >= 0)
      /** @type {HTMLElement | undefined} */ (
        element.querySelectorAll(".inline-button")[focused]
      )?.focus({
        preventScroll: true,
      });
    if (this.#stuck) this.toBottom("instant");
  }

  /** @param {number} id */
  remove(id) {
    const old = this.#shown.get(id);
    if (old === undefined) return;
    this.#shown.delete(id);
    old.element.classList.add("leaving");
    old.element.removeAttribute("data-testid");
    setTimeout(() => {
      old.element.remove();
      this.#group();
    }, 200);
  }

  /**
   * A pin shows as a mark in the bubble.
   * @param {Message} message
   */
  replaceIfPinChanged(message) {
    const shown = this.#shown.get(message.id);
    if (shown !== undefined && shown.message.pinned !== message.pinned) this.replace(message);
  }

  /** @param {number} id */
  redraw(id) {
    const shown = this.#shown.get(id);
    if (shown !== undefined) this.replace(shown.message);
  }

  /** @param {number} id */
  find(id) {
    return this.#shown.get(id)?.message;
  }

  /** @param {number} id */
  scrollTo(id) {
    const element = this.#shown.get(id)?.element;
    element?.scrollIntoView({ block: "center", behavior: "smooth" });
    element?.classList.add("flash");
    setTimeout(() => element?.classList.remove("flash"), 1200);
  }

  /** @param {"smooth" | "instant"} behavior */
  toBottom(behavior) {
    this.#stuck = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    this.#gliding = behavior === "smooth" && !calm && scrollHeight - scrollTop - clientHeight > 1;
    this.#scroller.scrollTo({ top: scrollHeight, behavior: calm ? "instant" : behavior });
  }

  /**
   * @param {Message} message
   * @param {boolean} fresh
   */
  #append(message, fresh) {
    const element = renderMessage(message, this.#host);
    if (fresh) element.classList.add("fresh");
    this.#shown.set(message.id, { message, element });
    this.#list.append(element);
    this.#group();
  }

  /** Date pills between days; only the last bubble of one sender's run has a tail. */
  #group() {
    for (const pill of this.#list.querySelectorAll(".day")) pill.remove();
    const all = [...this.#shown.values()];
    all.forEach(({ message, element }, index) => {
      const before = all[index - 1]?.message;
      const after = all[index + 1]?.message;
      if (before === undefined || dayLabel(before.date) !== dayLabel(message.date))
        element.before(h("div", { class: "day" }, h("span", {}, dayLabel(message.date))));
      element.classList.toggle(
        "last",
        after === undefined || after.from !== message.from || message.keyboard.length > 0,
      );
    });
    byId("empty").hidden = all.length > 0;
  }

  #letGo() {
    this.#gliding = false;
    this.#updateDown();
  }

  /** Content or window that changes its size also scrolls; only a scroll by hand lets go of the bottom. */
  #updateDown() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const size = `${scrollHeight}/${clientHeight}`;
    const resized = size !== this.#size;
    this.#size = size;
    if (this.#gliding) return;
    if (resized && this.#stuck) this.toBottom("instant");
    else this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
    if (this.#stuck) this.#unread = 0;
    this.#down.classList.toggle("visible", !this.#stuck);
    this.#down.setAttribute(
      "aria-label",
      this.#unread === 0
        ? "Scroll to the newest message"
        : `${this.#unread} new messages, scroll down`,
    );
    byId("unread").textContent = this.#unread === 0 ? "" : String(this.#unread);
  }
}
