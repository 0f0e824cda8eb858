// @ts-check
import { me, post } from "./api.js";
import { byId, h } from "./dom.js";

/**
 * Choosing somebody opens that person's chat; the address says whose it is, so that each tab can
 * have another.
 */
export function setUpPeople() {
  const select = /** @type {HTMLSelectElement} */ (byId("who"));
  select.addEventListener("change", () => show(Number(select.value)));
}

/** @param {number} id */
function show(id) {
  location.search = `?user=${id}`;
}

/**
 * Adds a person and opens the chat.
 * @param {Record<string, string>} values
 */
export function addPerson({ firstName, user }) {
  return post("/people", { firstName, ...(user === undefined ? {} : { user: Number(user) }) }).then(({ id }) => show(id));
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
  select.hidden = people.length < 2;
}
