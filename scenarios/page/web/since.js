// A text that leads to the event since which it holds.

import { el } from "./dom.js";

/** The text; a button if there is such an event.
 * @param {import("./types.js").View} view @param {number} seq @param {string} text */
export function since(view, seq, text) {
  const words = el("bdi", text);
  return seq ? el("button.since", { title: `since event ${seq}`, onclick: () => view.go(seq) }, words) : words;
}
