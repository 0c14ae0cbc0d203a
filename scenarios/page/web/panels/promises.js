// The promises as lights over time: green as far as each was kept, and the sentence of the one that broke.

import { clockText } from "../clock.js";
import { draw, el, picture } from "../dom.js";

/** @type {import("../types.js").Panel} */
export function promises(state, run, view) {
  const { promises: all, breaks } = run.header, broken = new Map(breaks.map((each) => [each.promise, each]));
  /** @type {[string, string][]} */
  const rows = [...all];
  for (const { promise } of breaks) if (!all.some(([name]) => name === promise)) rows.push([promise, "The story's own demand."]);
  /** @param {string} name */
  const since = (name) => broken.get(name)?.seq ?? Infinity;
  rows.sort(([one], [other]) => (since(one) === since(other) ? 0 : since(one) - since(other)));
  const wide = Math.max(80, Math.min(320, view.width * 0.3)), now = (state.t / Math.max(1, run.lanes.end)) * wide;
  return el(
    "section.promises", { "data-key": "promises", tabindex: 0, role: "region", "aria-label": "Promises" },
    el("h2", "Promises"),
    el("p.hint", "Every promise is watched at every event. A line goes on as long as it was kept; the mark is the playhead."),
    el("ul", rows.map(([name, says]) => {
      const broke = broken.get(name), end = broke ? (run.times[broke.seq] / Math.max(1, run.lanes.end)) * wide : wide;
      return el(
        "li", { class: broke ? "broke" : "kept" },
        picture(broke ? `broken at ${clockText(run.times[broke.seq])}` : "kept", wide + 14, 18, {},
          draw("line.over", { x1: 6, x2: Math.max(6, end + (broke ? 0 : 6)), y1: 9, y2: 9 }),
          broke ? draw("path.break", { d: `M${end} 3l12 12m0 -12l-12 12` }) : null, draw("line.at", { x1: now + 6, x2: now + 6, y1: 1, y2: 17 })),
        el("div", el("b", name, broke ? ` ✕ broke at ${clockText(run.times[broke.seq])}` : ""), el("p", el("bdi", says)),
          broke ? el("button.since", { onclick: () => view.go(broke.seq) }, el("bdi", broke.text)) : null),
      );
    })),
  );
}
