// The graph of each database group, as the chosen node believes it: members, promotables, rehabs, and each task at its node.

import { clipped, draw, el, picture } from "../dom.js";
import { recordOf } from "../knowledge.js";

const WIDE = 312, HIGH = 290, KINDS = /** @type {[string, string][]} */ ([["members", "member"], ["promotables", "promotable"], ["rehabs", "rehab"]]);

/** @type {import("../types.js").Panel} */
export function group(state, run, view) {
  const record = recordOf(state, view.from), names = Object.keys(record.databases);
  const grown = Math.max(1, Math.min(2, ((view.width - 40) / names.length - 24) / WIDE, (view.height - 90) / HIGH));
  return el(
    "section.groups", { "data-key": "group", tabindex: 0, role: "region", "aria-label": "Database groups" },
    el("h2", "Database Group"), names.length ? null : el("p.empty", "No database at this moment. Go on to where one is created."),
    names.map((name) => {
      const database = record.databases[name], found = KINDS.flatMap(([field, kind]) => database[field].map((/** @type {string} */ node) => ({ node, kind })));
      const tasks = Object.values(record.tasks).filter((task) => task.database === name), idle = tasks.filter((task) => !task.owner);
      const at = found.map((each, place) => {
        const turn = (place / found.length) * 2 * Math.PI - Math.PI / 2;
        return { ...each, x: WIDE / 2 + (found.length > 1 ? 100 : 0) * Math.cos(turn), y: 118 + (found.length > 1 ? 76 : 0) * Math.sin(turn), owns: tasks.filter((task) => task.owner === each.node) };
      });
      return el(
        "article", el("h3", el("bdi", name), el("small", KINDS.filter(([field]) => database[field].length).map(([field, kind]) => `${kind} ${database[field].join(" ")}`).join(", "))),
        picture(
          `Database group of ${name}`, WIDE * grown, HIGH * grown, { viewBox: `0 0 ${WIDE} ${HIGH}` },
          at.flatMap((one, place) => at.slice(place + 1).map((other) => draw("line", { class: one.kind === "member" && other.kind === "member" ? "copies" : "copies partly", x1: one.x, y1: one.y, x2: other.x, y2: other.y }))),
          at.map(({ node, kind, x, y, owns }) => draw(
            `g.of ${kind}${state.nodes[node]?.up || view.from ? "" : " down"}`, { transform: `translate(${x} ${y})`, title: `${node}: ${kind}` }, draw("circle", { r: 21 }), draw("text.tag", { y: 5 }, node),
            draw("text.says", { y: 35 }, kind),
            owns.slice(0, 2).map((/** @type {Record<string, any>} */ task, /** @type {number} */ nth) => draw("text.says mine", { y: 50 + 14 * nth, title: task.reason },
              `⟳ ${clipped(task.name, 17)}${nth && owns.length > 2 ? ` +${owns.length - 2}` : ""}`)))),
        ),
        idle.length ? el("p.hint", "Nobody has ", el("bdi", idle.map((task) => task.name).join(", "))) : null,
      );
    }),
  );
}
