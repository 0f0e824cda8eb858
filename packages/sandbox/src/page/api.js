// @ts-check
import { showToast } from "./toast.js";

/**
 * Whose chat this page shows: its address says so, else it is the admin's. @type {number |
 * undefined}
 */
export const me = Number(new URLSearchParams(location.search).get("user")) || undefined;

/**
 * The same as the person whose chat is shown.
 * @param {string} path below /control
 * @param {object} [body]
 */
export function postAs(path, body = {}) {
  return post(path, me === undefined ? body : { ...body, user: me });
}

/**
 * Calls the control API. Failures are shown as a toast and thrown.
 * @param {string} path below /control
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function post(path, body = {}) {
  const response = await fetch(`/control${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => null);
  if (response === null) {
    showToast("The sandbox does not answer. Is it still running?");
    throw new Error("no answer");
  }
  const answer = await response.json();
  if (!response.ok) {
    const text = answer?.error?.message ?? `The sandbox refused (${response.status}).`;
    showToast(text);
    throw new Error(text);
  }
  return answer;
}

/**
 * Runs an action of a button; its failure was shown already.
 * @param {() => Promise<unknown>} action
 */
export function quietly(action) {
  action().catch(() => {});
}
