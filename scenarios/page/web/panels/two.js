// Two runs on one axis of time: the map of each, where they first differ, and what came of it for backups.

import { clockText, spanText } from "../clock.js";
import { draw, el } from "../dom.js";
import { scale, strip } from "../strip.js";

/** @typedef {import("../types.js").Recorded} Recorded */

/** @type {import("../types.js").Panel} */
export function two(state, run, view) {
  const { compared } = run.header, runs = run.nth && run.other ? [run.other, run] : [run, run.other], wide = view.width - 32;
  if (!compared) return el("p.empty", "One run alone: unkindness diff RUN RUN --html FILE writes two.");
  const shown = runs.flatMap((each, nth) => (each ? [{ each, nth }] : [])), first = compared.seq;
  const subjects = [...new Set(compared.backups.map(([subject]) => subject))];
  return el(
    "section.two", { "data-key": "two", tabindex: 0, role: "region", "aria-label": "Two runs" },
    el("h2", first ? `The same up to event ${first - 1}; event ${first} is the first that differs` : "The two runs are equal to the last event"),
    shown.map(({ each, nth }) => {
      const x = scale(each, wide), go = (/** @type {number} */ seq) => view.set({ run: nth, seq }), differs = Math.min(first, each.count);
      const map = strip(each, wide, { ...view, go }), height = Number(map.getAttribute("height"));
      map.append(draw("line.at", { x1: x(state.t), x2: x(state.t), y1: 0, y2: height }));
      return el(
        "article", { class: each === run ? "chosen" : "" },
        el("h3", nameOf(each), el("small", `${each.header.verdict}${each.header.broken ? `: ${each.header.broken.promise}` : ""}; ${each.count.toLocaleString("en")} events, ${clockText(each.lanes.end)}`)),
        map,
        !first ? null : el("button.since", { onclick: () => go(differs) },
          el("bdi", first > each.count ? "had ended" : `${clockText(each.times[first])} ${each.node(first)} ${each.text(first)}`)),
      );
    }),
    first && compared.fields.length ? el("p.hint", `Not the same: ${compared.fields.map((name) => (name === "t" ? `the time, by ${spanText(Math.abs(shown[0].each.times[first] - shown[1].each.times[first]))}` : name)).join(", ")}.`) : null,
    subjects.length ? el("table", el("caption", `What came of it for backups, up to ${clockText(compared.until)}`),
      el("thead", el("tr", el("th", { scope: "col" }, ""), shown.map(({ each }) => el("th", { scope: "col" }, nameOf(each))))),
      subjects.map((subject) => el("tbody", el("tr", el("th", { colspan: 3, scope: "rowgroup" }, subject)),
        compared.backups.filter(([same]) => same === subject).map(([, what, one, other]) =>
          el("tr", el("td", el("bdi", what)), el("td", el("bdi", one)), el("td", el("bdi", other))))))) : null,
  );
}

/** A run by what tells it from the other one.
 * @param {Recorded} run */
export function nameOf({ header, other }) {
  const same = other && other.header.rules === header.rules;
  return `${header.story}@${header.seed}${same ? "" : `, ${header.rules}`}${header.bug ? `, bug ${header.bug}` : ""}`;
}
