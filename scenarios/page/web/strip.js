// The map of the whole run: who leads, faults, a lane a task, promises. True time from left to right; a click goes there.

import { clockText } from "./clock.js";
import { clickedSeq, clipped, colorOf, draw, mark, picture } from "./dom.js";
import { homeOf, wentWrong } from "./lanes.js";
import { eventAt } from "./search.js";

/** @typedef {import("./types.js").Recorded} Recorded */
/** @typedef {import("./types.js").View} View */

const LABEL = 128, LANE = 20, MOST_TASKS = 5;

/** How high the map is, in pixels.
 * @param {Recorded} run */
export function stripHeight(run) {
  return LANE * (2 + run.lanes.clusters.length + Math.min(MOST_TASKS, run.lanes.tasks.size)) + 8;
}

/** The map without the playhead: it changes only with its width and with who sees.
 * @param {Recorded} run @param {number} width @param {View} view */
export function strip(run, width, view) {
  const height = stripHeight(run), x = scale(run, width);
  const tasks = [...run.lanes.tasks].slice(0, MOST_TASKS), more = run.lanes.tasks.size - tasks.length;
  let lane = 0;
  const next = () => 4 + LANE * lane++;
  return picture(
    "Map of the whole run", width, height, {
      class: "strip",
      onclick: (/** @type {MouseEvent} */ event) => {
        view.go(clickedSeq(event) || Math.max(1, eventAt(run, timeAt(run, width, event.offsetX))));
      },
    },
    draw("rect.ground", { width, height }),
    run.lanes.clusters.map((_, nth) => leaders(run, nth, x, next())), faults(run, x, next()),
    tasks.map(([key, name]) => taskLane(run, x, next(), key, tasks.some(([other, same]) => other !== key && same === name) ? key : name)),
    promises(run, x, next()),
    run.header.compared?.seq ? differs(run, x, height) : null,
    more > 0 ? draw("text.more", { x: LABEL, y: height - 1 }, `and ${more} more tasks, which are not shown here`) : null,
  );
}

/** Where the run first differs from the other one.
 * @param {Recorded} run @param {(t: number) => number} x @param {number} height */
function differs(run, x, height) {
  const seq = Math.min(run.count, run.header.compared?.seq ?? 0), at = x(run.times[seq]);
  return mark("differs", seq, "The first event that differs",
    draw("path", { d: `M${at} 0V${height}M${at} ${height / 2 - 6}l6 6l-6 6l-6 -6Z` }));
}

/** Pixels of a true time.
 * @param {Recorded} run @param {number} width @returns {(t: number) => number} */
export function scale(run, width) {
  const end = Math.max(1, run.end);
  return (t) => LABEL + (t / end) * (width - LABEL - 16);
}

/** @param {Recorded} run @param {number} width @param {number} x */
function timeAt(run, width, x) {
  return Math.max(0, Math.min(1, (x - LABEL) / (width - LABEL - 16))) * run.end;
}

/** @param {string} name @param {number} y */
function label(name, y) {
  return draw("text.lane", { x: LABEL - 10, y: y + 14, title: name }, clipped(name, 16));
}

/** @param {Recorded} run @param {number} nth the cluster @param {(t: number) => number} x @param {number} y */
function leaders(run, nth, x, y) {
  const { clusters, lives } = run.lanes, spans = lives.filter((life) => life.role === "leader" && homeOf(run.lanes, life.node) === nth).slice(0, 2000);
  return draw("g.leaders", label(clusters.length > 1 ? `leader ${clusters[nth].join("")}` : "leader", y), spans.map((life) => {
    const from = x(life.t), wide = Math.max(2, x(life.until) - from);
    return mark(`leads ${colorOf(run.names, life.node)}`, life.seq, `${life.node} leads term ${life.term}, from ${clockText(life.t)} to ${clockText(life.until)}`,
      draw("rect", { x: from, y: y + 3, width: wide, height: LANE - 6 }),
      wide > 8 + 7.2 * `${life.node} · t${life.term}`.length ? draw("text", { x: from + 6, y: y + 14.5 }, `${life.node} · t${life.term}`) : null);
  }));
}

const UP = new Set(["Restart", "Heal", "Mend", "Resume", "Release"]);

/** @param {Recorded} run @param {(t: number) => number} x @param {number} y */
function faults(run, x, y) {
  /** @type {Map<number, import("./types.js").Row[]>} */
  const bins = new Map();
  for (const row of run.lanes.faults) {
    const at = Math.round(x(row.t) / 4) * 4;
    bins.set(at, [...(bins.get(at) ?? []), row]);
  }
  return draw("g.faults", label("faults", y), [...bins].map(([at, rows]) => {
    const good = rows.every((row) => UP.has(row.step)), middle = y + LANE / 2;
    return mark(good ? "good" : "bad", rows[0].seq, rows.slice(0, 12).map((row) => `${clockText(row.t)}  ${row.text}`).join("\n"),
      draw("path", { d: good ? `M${at - 4} ${middle + 4}L${at} ${middle - 4}L${at + 4} ${middle + 4}Z` : `M${at - 4} ${middle - 4}l8 8m0 -8l-8 8` }));
  }));
}

/** @param {Recorded} run @param {(t: number) => number} x @param {number} y @param {string} key @param {string} name */
function taskLane(run, x, y, key, name) {
  const bottom = y + LANE - 4;
  const owners = run.lanes.beliefs.filter((each) => each.key === key && each.owner === each.node).slice(0, 2000).map((each) => {
    const from = x(each.t), wide = Math.max(1, x(each.until) - from);
    return mark(`owner ${colorOf(run.names, each.node)}`, each.seq, `${each.node} holds itself responsible for ${name} from ${clockText(each.t)} to ${clockText(each.until)}`,
      draw("rect", { x: from, y: bottom - 2 + (run.names.indexOf(each.node) % 2) * 2.5, width: wide, height: 2 }));
  });
  const runs = run.lanes.runs.filter((each) => each.key === key).slice(0, 3000).map((each) => {
    const at = x(each.t), wide = Math.max(4, x(each.until) - at), bad = wentWrong(each);
    const kind = bad ? "bad" : each.late ? "late" : "fine", what = each.full ? "full" : each.end === "nothing new" ? "nothing new" : "incremental";
    return mark(`run ${kind}${each.full ? " full" : ""}`, each.seq, `${clockText(each.t)}  ${each.node}: ${what}${each.end && each.end !== what ? `, ${each.end}` : ""}${each.late ? ", reported late" : ""}`,
      bad ? draw("path", { d: `M${at - 4} ${y + 3}l8 8m0 -8l-8 8` }) : draw("rect", { x: at - 2, y: each.full ? y + 1 : y + 4, width: wide, height: each.full ? 12 : 9 }));
  });
  return draw("g.task", label(name, y), owners, runs);
}

/** @param {Recorded} run @param {(t: number) => number} x @param {number} y */
function promises(run, x, y) {
  const broken = run.header.broken, end = x(run.lanes.end), middle = y + LANE / 2;
  const at = broken ? x(run.times[broken.seq]) : end;
  return draw("g.promises", label("promises", y),
    draw("line.kept", { x1: LABEL, x2: Math.max(LABEL, at - 8), y1: middle, y2: middle }),
    run.header.breaks.map(({ seq, promise, text }) => mark("broke", seq, `${promise}: ${text}`,
      draw("path", { d: `M${x(run.times[seq]) - 6} ${middle - 6}l12 12m0 -12l-12 12` }))));
}
