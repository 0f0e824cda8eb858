// @ts-check
import { me, post } from "./api.js";
import { byId, h } from "./dom.js";

/** Who has a chat besides the person whose chat is shown. @type {number[]} */
let others = [];

/**
 * The list opens the chat of another admin. The address contains the admin, so each tab can show
 * another one. A wide screen can show a second chat: this page again, without its panel.
 */
export function setUpPeople() {
  const select = /** @type {HTMLSelectElement} */ (byId("who"));
  select.addEventListener("change", () => show(Number(select.value)));
  document.body.classList.toggle("alone", new URLSearchParams(location.search).has("alone"));
  const toggle = byId("beside-toggle");
  toggle.addEventListener("click", () => {
    const frame = /** @type {HTMLIFrameElement} */ (byId("beside"));
    const isShown = frame.hidden;
    frame.src = isShown ? `/?user=${others[0]}&alone` : "about:blank";
    frame.hidden = !isShown;
    toggle.setAttribute("aria-pressed", String(isShown));
  });
}

/** @param {number} id */
function show(id) {
  const params = new URLSearchParams(location.search);
  params.set("user", String(id));
  location.search = params.toString();
}

/**
 * Adds a person and opens the chat.
 * @param {Record<string, string>} values
 */
export function addPerson({ firstName, user }) {
  return post("/people", { firstName, ...(user === undefined ? {} : { user: Number(user) }) }).then(
    ({ id }) => show(id),
  );
}

/** @param {import("./types").Person[]} people */
export function drawPeople(people) {
  const select = /** @type {HTMLSelectElement} */ (byId("who"));
  const options = people.map(({ id, firstName, admin }) =>
    h("option", { value: String(id) }, admin ? `${firstName} (the admin)` : `${firstName} · ${id}`),
  );
  select.replaceChildren(...options);
  const shown = people.find(({ id, admin }) => (me === undefined ? admin : id === me));
  if (shown) select.value = String(shown.id);
  others = people.filter((each) => each !== shown).map(({ id }) => id);
  select.hidden = others.length === 0;
  byId("beside-toggle").hidden = others.length === 0;
}
