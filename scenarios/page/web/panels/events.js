// The list of events, with a filter. Only the rows in sight are in the document. It is the text of everything that is drawn.

import { clockText } from "../clock.js";
import { el } from "../dom.js";
import { firstFrom } from "../search.js";

/** @typedef {import("../types.js").Recorded} Recorded */
/** @typedef {import("../types.js").View} View */

const ROW = 22, MOST = 1_500_000;

/** @type {{run: Recorded | null, asked: string, found: number[]}} */
const last = { run: null, asked: "", found: [] };

/** The numbers of the events that the filter lets through: each of its words must be in the kind, the node or the sentence.
 * @param {Recorded} run @param {View} view @returns {number[]} */
function matching(run, view) {
  const asked = `${run.count}|${view.from}|${view.filter}`;
  if (last.run === run && last.asked === asked) return last.found;
  const words = view.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  for (let seq = 1; seq <= run.count; seq++) {
    const node = run.node(seq);
    if (view.from && node !== view.from) continue;
    if (words.length) {
      const text = `${run.kind(seq)} ${node} ${run.text(seq)}`.toLowerCase();
      if (!words.every((word) => (word.length === 1 ? node.toLowerCase() === word : text.includes(word)))) continue;
    }
    found.push(seq);
  }
  Object.assign(last, { run, asked, found });
  return found;
}

/** @type {import("../types.js").Panel} */
export function events(state, run, view) {
  const found = matching(run, view), room = Math.max(ROW, view.height - 76);
  const here = firstFrom(found, view.seq);
  const chosen = view.top.events ?? Math.max(0, here * ROW - room / 2);
  const top = Math.min(Math.max(0, found.length * ROW - room), chosen);
  const first = Math.floor(top / ROW), shown = found.slice(first, first + Math.ceil(room / ROW) + 1);
  const list = el(
    "div.rows",
    {
      "data-key": "events", "data-scroll": top, tabindex: 0, role: "list", "aria-label": "Events",
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        const to = { ArrowDown: found[firstFrom(found, view.seq + 1)], ArrowUp: found[here - 1] }[event.key];
        if (event.altKey || event.ctrlKey || event.metaKey || !to) return;
        event.preventDefault();
        event.stopPropagation();
        view.go(to);
      },
      onscroll: (/** @type {Event} */ event) => {
        const at = /** @type {HTMLElement} */ (event.target).scrollTop;
        if (Math.abs(at - (view.top.events ?? top)) > 1) view.set({ top: { ...view.top, events: at } }, true);
      },
    },
    el("div.all", shown.map((seq, place) => row(run, view, seq, first + place, found.length))),
  );
  const all = /** @type {HTMLElement} */ (list.firstElementChild);
  all.style.height = `${Math.min(MOST, found.length) * ROW}px`;
  list.style.height = `${room}px`;
  const many = found.length === run.count ? `${run.count.toLocaleString("en")} events` : `${found.length.toLocaleString("en")} of ${run.count.toLocaleString("en")} events`;
  return el(
    "section.events",
    el("label.filter",
      el("span", "Filter"),
      el("input", {
        type: "search", "data-key": "filter", value: view.filter, placeholder: "kind, node, task or words",
        oninput: (/** @type {InputEvent} */ event) => {
          if (!event.isComposing) view.set({ filter: /** @type {HTMLInputElement} */ (event.target).value, top: { ...view.top, events: 0 } });
        },
      })),
    el("p.count", found.length ? many : "No event has all of these words: clear the filter to see all."),
    list,
  );
}

/** @param {Recorded} run @param {View} view @param {number} seq @param {number} place @param {number} all */
function row(run, view, seq, place, all) {
  const here = seq === view.seq, broke = run.header.breaks.some((each) => each.seq === seq);
  const kinds = ["row", here && "here", broke && "broke", run.weights[seq] === 2 && "headline", !run.weights[seq] && "detail", seq > view.seq && "later"];
  const made = el(
    "div", { role: "listitem", class: kinds.filter(Boolean).join(" "), "aria-current": here ? "true" : null, "aria-posinset": place + 1, "aria-setsize": all },
    el("button.event", { tabindex: here ? 0 : -1, title: run.text(seq), onclick: () => view.go(seq) },
      el("span.number", seq), el("span.time", clockText(run.times[seq])),
      el("bdi.node", run.node(seq)), el("bdi.text", run.text(seq))),
  );
  made.style.transform = `translateY(${place * ROW}px)`;
  return made;
}
