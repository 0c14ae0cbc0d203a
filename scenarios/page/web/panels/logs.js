// The logs side by side: an entry with its term, solid once its node knows that it is committed, dashed before.

import { clipped, draw, el, following, mark, picture } from "../dom.js";
import { lastOf } from "../fold.js";

/** @typedef {import("../types.js").State} State */

const ROW = 24, HEAD = 62;

/** @type {import("../types.js").Panel} */
export function logs(state, run, view) {
  const names = run.names.filter((name) => !view.from || name === view.from), ends = names.map((name) => lastOf(state.nodes[name].log));
  const most = Math.max(1, ...ends), shown = Math.max(1, Math.floor((view.height - HEAD - 30) / ROW));
  const last = Math.max(Math.min(most, shown), Math.min(most, view.top.logs ?? most)), first = Math.max(1, last - shown + 1);
  /** @type {{nth: number, group: string[]}[]} */
  const all = state.clusters.map((/** @type {State} */ _, /** @type {number} */ nth) => ({ nth, group: names.filter((name) => state.nodes[name].cluster === nth) }));
  const groups = all.filter(({ group }) => group.length);
  const wide = Math.max(40, Math.min(84, (view.width - 400) / names.length)), words = (view.width - 72 - wide * names.length) / groups.length;
  /** @param {number} index */
  const y = (index) => HEAD + (index - first) * ROW, rows = Array.from({ length: last - first + 1 }, (_, nth) => first + nth);
  let left = 64;
  return el(
    "div.logs", {
      "data-key": "logs", tabindex: 0, role: "region", "aria-label": "Logs", onwheel: (/** @type {WheelEvent} */ event) => {
        event.preventDefault();
        view.set({ top: { ...view.top, logs: Math.max(shown, Math.min(most, last + Math.sign(event.deltaY) * 3)) } }, true);
      },
    },
    picture(
      `Entries ${first} to ${last} of the logs of ${names.join(", ")}`, view.width, view.height, { onclick: following(view) },
      rows.map((index) => draw("text.index", { x: 52, y: y(index) + 16 }, index)),
      groups.flatMap(({ nth, group }) => {
        const x = left, after = x + wide * group.length;
        left = after + words;
        return [...group.map((name, place) => column(state, name, x + wide * place, wide - 8, first, last, y)), ...rows.map((index) => {
          const seq = run.lanes.entries.get(`${nth}/${index}`);
          if (!seq || seq > state.seq) return null;
          const text = run.text(seq).replace(/^records: /, "");
          return mark("entry", seq, text, draw("text.words", { x: after + 4, y: y(index) + 16 }, clipped(text, Math.max(8, Math.floor((words - 12) / 6.6)))));
        })];
      }),
      draw("text.words", { x: 14, y: view.height - 10 }, `solid: committed, as the node knows; dashed: not yet; ${last < most ? `${most - last} entries below` : "the newest entry is the last one"}`),
    ),
  );
}

/** @param {State} state @param {string} name @param {number} x @param {number} wide @param {number} first @param {number} last @param {(index: number) => number} y */
function column(state, name, x, wide, first, last, y) {
  const node = state.nodes[name], cells = [], { log } = node, middle = x + wide / 2;
  let index = log.base;
  if (log.base >= first) cells.push(draw("rect.snapshot", { x, y: y(first), width: wide, height: Math.max(0, Math.min(log.base, last) - first + 1) * ROW - 3 }),
    draw("text.term", { x: middle, y: y(first) + 15 }, "snapshot"));
  for (const [term, count] of log.terms) {
    for (let each = Math.max(first, index + 1); each <= Math.min(last, index + count); each++)
      cells.push(draw(`g.cell${each <= node.commit ? " committed" : ""}`, { title: `${name}: entry ${each} of term ${term}${each <= node.commit ? ", committed" : ""}` },
        draw("rect", { x, y: y(each), width: wide, height: ROW - 4 }), draw("text.term", { x: middle, y: y(each) + 14.5 }, `t${term}`)));
    index += count;
  }
  return draw(
    `g.column ${node.role}`, draw("text.tag", { x: middle, y: 20 }, name),
    draw("text.says", { x: middle, y: 36 }, !node.up ? "down" : wide < 60 ? `${node.role === "leader" ? "♛ " : ""}t${node.term}` : `${node.role === "trial" ? "asks" : node.role} t${node.term}`),
    draw("text.says", { x: middle, y: 52 }, `${wide < 60 ? "≤" : "commit"} ${node.commit}`), cells,
  );
}
