// Backups alone: a lane a task, and in it a row a node. No logs, no beats. A day fits one screen; a longer run is shown day by day.

import { DAY, clockText, spanText, wallText } from "../clock.js";
import { clickedSeq, colorOf, draw, el, mark, picture } from "../dom.js";
import { keyOf } from "../fold_record.js";
import { cutOff, wentWrong } from "../lanes.js";
import { eventAt } from "../search.js";

/** @typedef {import("../types.js").Recorded} Recorded */
/** @typedef {import("../types.js").View} View */
/** @typedef {{from: number, to: number, x: (t: number) => number, wide: number}} Scale */

const LEFT = 92, ROW = 32, HEAD = 44, LONGEST = 30 * 3600e6, MOST = 400;

/** @type {import("../types.js").Panel} */
export function backupLanes(state, run, view) {
  const long = run.lanes.end > LONGEST, day = Math.floor(state.t / DAY);
  const from = long ? day * DAY : 0, to = long ? from + DAY : Math.max(1, run.lanes.end), wide = view.width - 18;
  const scale = { from, to, wide, x: (/** @type {number} */ t) => LEFT + ((t - from) / (to - from)) * (wide - LEFT - 16) };
  const tasks = [...run.lanes.tasks];
  const turn = (/** @type {number} */ by) => el("button", { onclick: () => view.go(Math.max(1, eventAt(run, from + by * DAY))), disabled: from + by * DAY < 0 || from + by * DAY > run.lanes.end }, by < 0 ? "← Day before" : "Day after →");
  return el(
    "section.daylanes", { "data-key": "daylanes", tabindex: 0, role: "region", "aria-label": "Lanes" },
    el("h2", "Backups", el("small", ` ${wallText(from)} to ${wallText(to)} UTC`), long ? [" ", turn(-1), " ", turn(1)] : null),
    el("p.hint", "■ full   □ incremental   – nothing new   ✕ failed   ┄ report waits   ▾ removed by retention   ▔ holds itself responsible   ▒ cut off"),
    tasks.length ? null : el("p.empty", "No backup task in this run."),
    tasks.map(([key, name]) => lane(run, view, scale, key, name, state.t)),
  );
}

/** @param {Recorded} run @param {View} view @param {Scale} scale @param {string} key @param {string} name @param {number} now */
function lane(run, view, scale, key, name, now) {
  const { lanes, header } = run, { x, from, to } = scale;
  /** @param {{t: number, until: number}} each */
  const inside = (each) => each.t <= to && each.until >= from;
  /** @param {number} t */
  const at = (t) => x(Math.min(to, Math.max(from, t)));
  const seen = (/** @type {string} */ node) => !view.from || node === view.from;
  const runs = lanes.runs.filter((each) => each.key === key && seen(each.node) && each.t <= to && (each.reported ? run.times[each.reported] : each.until) >= from);
  const tenures = (view.from ? lanes.beliefs.filter((each) => each.node === view.from) : lanes.tenures).filter((each) => each.key === key && each.owner && inside(each));
  const beliefs = lanes.beliefs.filter((each) => each.key === key && each.owner === each.node && seen(each.node) && inside(each));
  const nodes = run.names.filter((node) => runs.some((each) => each.node === node) || beliefs.some((each) => each.node === node));
  const partings = view.from ? [] : lanes.partings.filter(inside).slice(0, MOST), high = partings.length ? ROW + 13 : ROW; // the words of a cut are below its runs
  const y = (/** @type {string} */ node) => HEAD + high * nodes.indexOf(node), height = HEAD + high * nodes.length + 16;
  const due = (header.due[key] ?? []).filter(([t, , end]) => t >= from && t <= to && !end);
  const gaps = header.gaps.filter((gap) => gap.key === key && gap.first <= to && (gap.covered ?? lanes.end) >= from);
  /** @type {Map<string, import("../types.js").Run[]>} */
  const twice = new Map(), chains = new Map();
  for (const each of runs) {
    if (each.occurrence && each.end !== "failed") twice.set(`${each.occurrence}`, [...(twice.get(`${each.occurrence}`) ?? []), each]);
    if (each.folder) chains.set(each.node + each.folder, [...(chains.get(each.node + each.folder) ?? []), each]);
  }
  return el("article.lane",
    el("h3", el("bdi", name), " ", el("small", el("bdi", key))),
    picture(`${name}: ${runs.length} runs, ${gaps.length} gaps`, scale.wide, height, {
      onclick: (/** @type {MouseEvent} */ event) => {
        const seq = clickedSeq(event), asks = /** @type {Element} */ (event.target).closest(".run, .gap");
        if (seq) view.set({ seq, side: asks ? "why" : view.side });
        else view.go(Math.max(1, eventAt(run, from + ((event.offsetX - LEFT) / (scale.wide - LEFT - 16)) * (to - from))));
      },
    },
      draw("rect.ground", { width: scale.wide, height }),
      hours(scale, height),
      text(LEFT - 10, 14, "due"), text(LEFT - 10, 33, view.from ? `${view.from} says` : "cluster"),
      due.slice(0, 5 * MOST).map(([t, full]) => draw("path.due", { d: `M${x(t)} ${full ? 2 : 8}V18`, title: `due: ${full ? "full" : "incremental"}, ${wallText(t)}` })),
      gaps.map((gap) => mark("gap", eventAt(run, gap.first) || 1, `not covered: ${wallText(gap.first)}${gap.count > 1 ? ` to ${wallText(gap.last)}, ${gap.count} occurrences` : ""}${gap.why.length ? `: ${gap.why[0]} (${gap.why[1]})` : ""}`,
        draw("path", { d: `M${at(gap.first)} 12V20H${Math.max(at(gap.first) + 4, at(gap.covered ?? lanes.end))}V12` }))),
      tenures.slice(0, MOST).map((each) => mark(`owner ${colorOf(run.names, each.owner)}`, each.seq, `${each.owner} is responsible from ${clockText(each.t)} to ${clockText(each.until)}`,
        draw("rect", { x: at(each.t), y: 24, width: Math.max(2, at(each.until) - at(each.t) - 1), height: 14 }),
        at(each.until) - at(each.t) > 8 + 9 * each.owner.length ? draw("text", { x: at(each.t) + 5, y: 35 }, each.owner) : null)),
      nodes.map((node) => text(LEFT - 10, y(node) + 20, node)),
      lanes.lives.filter((life) => life.role === "down" && nodes.includes(life.node) && inside(life)).slice(0, MOST).map((life) => mark("off", life.seq, `${life.node} is down for ${spanText(life.until - life.t)}`,
        draw("rect", { x: at(life.t), y: y(life.node) + 5, width: Math.max(2, at(life.until) - at(life.t)), height: ROW - 7 }))),
      partings.map((each) => {
        const { title, nodes: apart } = cutOff(each), left = at(each.t), wide = Math.max(2, at(each.until) - left);
        return mark("parted", each.seq, title, apart.filter(({ node }) => nodes.includes(node)).flatMap(({ node, words }) => [
          draw("rect", { x: left, y: y(node) + 1, width: wide, height: high - 2 }),
          wide > 6 * words.length ? draw("text", { x: left + wide / 2, y: y(node) + high - 5 }, words) : null,
        ]));
      }),
      beliefs.slice(0, MOST).map((each) => mark(`mine ${colorOf(run.names, each.node)}`, each.seq, `${each.node} holds itself responsible from ${clockText(each.t)} to ${clockText(each.until)}`,
        draw("rect", { x: at(each.t), y: y(each.node) + 3, width: Math.max(2, at(each.until) - at(each.t)), height: 3 }))),
      [...chains.values()].map((chain) => draw("path.links", { d: `M${at(chain[0].t)} ${y(chain[0].node) + 17}H${at(/** @type {any} */ (chain.at(-1)).t)}` })),
      [...twice.values()].map((all) => {
        const rows = [...new Set(all.map((each) => y(each.node)))].sort((a, b) => a - b);
        return rows.length > 1 ? mark("double", all[0].seq, `started by ${all.map((each) => each.node).join(" and ")}`,
          draw("path", { d: `M${at(all[0].t) - 10} ${rows[0] + 17}V${rows[rows.length - 1] + 17}` }), draw("text", { x: at(all[0].t) - 14, y: rows[rows.length - 1] + 21 }, `×${rows.length}`)) : null;
      }),
      runs.slice(0, 3 * MOST).map((each) => runMark(run, each, at, y(each.node))),
      lanes.removals.filter((row) => row.t >= from && row.t <= to && nodes.includes(row.node) && keyOf(row) === key).slice(0, MOST).map((row) => mark("removed", row.seq, `${clockText(row.t)}  ${row.node} ${row.text}`,
        draw("path", { d: `M${x(row.t) - 4} ${y(row.node) + 23}h8l-4 7z` }))),
      now >= from && now <= to ? draw("path.playhead", { d: `M${x(now)} 0V${height}` }) : null));
}

/** A run: its glyph, how long it took, and the report that waited.
 * @param {Recorded} run @param {import("../types.js").Run} each @param {(t: number) => number} at @param {number} y */
function runMark(run, each, at, y) {
  const bad = wentWrong(each), x = at(each.t), told = each.reported ? run.times[each.reported] : run.lanes.end;
  const waits = each.waits && (each.late || !each.reported), nothing = each.end === "nothing new", end = Math.max(x + 5, at(each.until));
  return mark(`run${each.full ? " full" : ""}${bad ? " bad" : ""}${waits ? " late" : ""}`, each.seq,
    `${clockText(each.t)}  ${each.node}: ${nothing ? "nothing new" : each.full ? "full" : "incremental"}${each.end && !nothing ? `, ${each.end}` : ""}${each.until - each.t > 1e6 ? ` after ${spanText(each.until - each.t)}` : ""}${waits ? `, its report waits ${spanText(told - each.until)}` : ""}`,
    waits ? draw("path.wait", { d: `M${end} ${y + 25}H${at(told)}${each.reported ? "v-7" : ""}` }) : null,
    bad ? draw("path", { d: `M${x - 5} ${y + 12}l10 10m0 -10l-10 10` })
      : nothing ? draw("path", { d: `M${x - 4} ${y + 17}h8` })
        : draw("rect", { x: x - 4, y: y + 11, width: Math.max(9, end - x + 4), height: 12 }));
}

/** @param {number} x @param {number} y @param {string} words */
function text(x, y, words) {
  return draw("text.lane", { x, y }, words);
}

/** Lines at full hours, not more than twelve. @param {Scale} scale @param {number} height */
function hours({ from, to, x }, height) {
  const step = [60e6, 300e6, 900e6, 3600e6, 2 * 3600e6, 4 * 3600e6].find((each) => (to - from) / each <= 12) ?? DAY, found = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step)
    found.push(draw("path.hour", { d: `M${x(t)} 0V${height}`, title: clockText(t) }), t + step / 2 < to ? draw("text.hour", { x: x(t) + 3, y: height - 3 }, clockText(t % DAY).slice(0, 5)) : null);
  return found;
}
