// The space-time diagram: a life line a node, time downwards, messages from where they were sent to where they landed, and the
// sentences of the timeline. Only what is in the window is drawn.

import { PAUSE, axisOf, placeOf } from "../axis.js";
import { asked } from "../causes.js";
import { DAY, clockText, spanText } from "../clock.js";
import { clipped, draw, el, following, mark, picture } from "../dom.js";
import { own } from "../fold_record.js";
import { cutOff, taskName } from "../lanes.js";
import { firstFrom } from "../search.js";

/** @typedef {import("../types.js").Recorded} Recorded */
/** @typedef {import("../types.js").View} View */

const HEAD = 34, MOST = 700, THIN = 3, ROW = 17, FAR = 60;

/** @type {WeakMap<Recorded, Float64Array>} */
const AXES = new WeakMap();

/** @param {Recorded} run */
function axisFor(run) {
  let axis = AXES.get(run);
  if (axis?.length !== run.count + 1) AXES.set(run, axis = axisOf(run));
  return axis;
}

/** The window's top at which the playhead is in sight: the chosen one if it is, else one that shows it.
 * @param {Recorded} run @param {View} view */
function topOf(run, view) {
  const axis = axisFor(run), room = view.height - HEAD, at = axis[view.seq] * view.zoom;
  const chosen = view.top.space;
  const end = Math.max(0, axis[run.count] * view.zoom - room + 40);
  return Math.min(end, Math.max(0, chosen === undefined ? at - room * 0.6 : chosen));
}

/** Where the window has to go so that the playhead is in sight; the same place if it is already.
 * @param {Recorded} run @param {View} view */
export function followed(run, view) {
  const axis = axisFor(run), room = view.height - HEAD, at = axis[view.seq] * view.zoom, top = topOf(run, view);
  return at < top + 20 || at > top + room - 30 ? Math.max(0, at - room * 0.5) : top;
}

/** The zoom times a factor, but not more than 8, and not less than shows the whole run in the window.
 * @param {Recorded} run @param {View} view @param {number} factor */
export function zoomed(run, view, factor) {
  const whole = Math.max(0.001, (view.height - HEAD - 40) / axisFor(run)[run.count]);
  return Math.min(8, Math.max(whole, view.zoom * factor));
}

/** How far an axis of playing goes on from one event to the next, in pixels at zoom 1.
 * @param {Recorded} run @param {number} seq */
export function strideTo(run, seq) {
  const axis = axisFor(run);
  return seq > run.count ? Infinity : axis[seq] - axis[seq - 1];
}

/** @type {import("../types.js").Panel} */
export function spacetime(state, run, view) {
  const axis = axisFor(run), top = topOf(run, view), { width, height, zoom } = view;
  const room = height - HEAD, TIMES = run.lanes.end < DAY ? 104 : 140, first = firstFrom(axis, (top - 20) / zoom), last = firstFrom(axis, (top + room + 20) / zoom) - 1;
  const gap = Math.max(44, Math.min(110, (width * 0.36) / run.names.length));
  const words = TIMES + gap * run.names.length + 10;
  /** @param {string} name */
  const x = (name) => TIMES + gap * (run.names.indexOf(name) + 0.5);
  /** @param {number} place */
  const y = (place) => Math.round((place * zoom - top + HEAD) * 10) / 10;
  /** @param {string} node */
  const seen = (node) => (!view.from || node === view.from ? "" : " unknown");
  const causes = asked(run, view);
  /** @param {number} seq */
  const later = (seq) => (causes ? (causes.all.has(seq) ? "" : " faded") : seq > view.seq ? " later" : "");

  /** What lasts from one event to another, as far as it is in the window.
   * @template {{seq: number, last: number}} S @param {S[]} found @param {(each: S, from: number, to: number) => Node} shown @param {number} above */
  const lasting = (found, shown, above = HEAD) => found
    .map((each) => ({ each, from: y(axis[each.seq]), to: y(axis[Math.min(run.count, each.last)]) }))
    .filter(({ from, to }) => to > above && from < height)
    .map(({ each, from, to }) => shown(each, Math.max(HEAD, from), Math.min(height, to)));

  const parted = view.from ? [] : lasting(run.lanes.partings, (each, from, to) => sidesShaded(each, x, gap, from, to));
  const lines = lasting(run.lanes.lives, (life, from, to) => lifeLine(life.role, x(life.node), from, to, seen(life.node)), HEAD - 2);
  const tasks = [...run.lanes.tasks.keys()];
  const turns = lasting(run.lanes.beliefs.filter((each) => each.owner === each.node), (each, from, to) =>
    turn(run, each, x(each.node) - 13 - 4 * (tasks.indexOf(each.key) % 4), from, to, seen(each.node)));

  /** @type {Node[]} */
  const arrows = [], marks = [], pauses = [], sentences = [];
  /** @type {Record<string, number>} */
  const drawn = {};
  const crowded = last - first > MOST, now = y(axis[view.seq]);
  let free = HEAD + 2, quiet = "";
  /** What is written in the gutter, at least a line apart. */
  const gutter = [now - 4];
  /** @param {number} at @param {string} text @param {number} apart */
  const write = (at, text, apart) => {
    if (at < HEAD + 10 || gutter.some((other) => Math.abs(other - at) < apart)) return false;
    gutter.push(at);
    return pauses.push(draw("text.quiet", { x: TIMES - 8, y: at }, text)) > 0;
  };
  for (let seq = Math.max(1, first); seq <= Math.min(run.count, last); seq++) {
    const at = y(axis[seq]), kind = run.kind(seq), node = run.node(seq), weight = run.weights[seq];
    const passed = run.times[seq] - run.times[seq - 1];
    if (passed >= PAUSE && seq > 1 && (axis[seq] - axis[seq - 1]) * zoom > 12) {
      const middle = (y(axis[seq - 1]) + at) / 2;
      pauses.push(draw("line.pause", { x1: TIMES, x2: words - 10, y1: middle, y2: middle }));
      if (quiet !== spanText(passed)) write(middle + 4, spanText(passed), 13);
      quiet = spanText(passed);
    }
    if (weight) quiet = "";
    if (passed) write(at + 4, clockText(run.times[seq]), 64);
    if (crowded && weight < 2 && !causes?.led.includes(seq)) continue;
    if (kind === "Delivered" || kind === "Lost") {
      const row = run.row(seq), link = `${row.peer}>${node}${kind}`;
      if (at - (drawn[link] ?? -99) < (kind === "Lost" ? 2 * THIN : THIN) && !causes) continue; // it would lie on the one before
      drawn[link] = at;
      arrows.push(arrow(row, x(row.peer), y(placeOf(run, axis, row.sent)), x(node), at, seen(node) + later(seq)));
      continue;
    }
    if (node && (weight || causes?.led.includes(seq))) marks.push(glyph(run, seq, x(node), at, seen(node) + later(seq)));
    if (!weight || at < HEAD || (view.from && node !== view.from)) continue;
    const shown = Math.max(free, at + 4);
    if (shown - at > FAR * weight && seq !== view.seq) continue;
    free = shown + ROW;
    if (shown > height - 3) continue;
    sentences.push(sentence(run, seq, node, shown, at, node ? x(node) : TIMES, words, later(seq), view));
  }
  const led = causes?.led.map((seq) => `${run.node(seq) ? x(run.node(seq)) : TIMES - 2} ${y(axis[seq])}`).join("L");
  return el(
    "div.spacetime",
    {
      "data-key": "space", tabindex: 0, "aria-label": "Space-time diagram; the list of events has the same as text",
      onwheel: (/** @type {WheelEvent} */ event) => wheel(event, run, view, top),
      onpointerdown: (/** @type {PointerEvent} */ event) => drag(event, view, top),
      onclick: following(view),
    },
    picture(
      `Events ${Math.max(1, first)} to ${Math.min(run.count, last)} of ${run.count}`, width, height, {},
      parted, pauses, lines, turns, arrows, led ? draw("path.chain", { d: `M${led}` }) : null, marks, sentences,
      draw("line.playhead", { x1: 0, x2: words - 14, y1: now, y2: now }),
      now > HEAD && now < height ? draw("text.now", { x: TIMES - 8, y: now - 4 }, clockText(state.t)) : null,
      draw("rect.head", { x: 0, y: 0, width, height: HEAD - 6 }),
      run.names.map((name) => headOf(state, name, x(name), gap, seen(name))),
    ),
    crowded ? el("p.notshown", "Only headlines are shown from this far: press + to come nearer.") : null,
  );
}

/** @param {WheelEvent} event @param {Recorded} run @param {View} view @param {number} top */
function wheel(event, run, view, top) {
  event.preventDefault();
  if (!event.ctrlKey) {
    view.set({ top: { ...view.top, space: Math.max(0, top + event.deltaY) } }, true);
    return;
  }
  const zoom = zoomed(run, view, event.deltaY < 0 ? 1.2 : 1 / 1.2), under = event.offsetY - HEAD;
  view.set({ zoom, top: { ...view.top, space: Math.max(0, ((top + under) / view.zoom) * zoom - under) } }, true);
}

/** Hold and move: what was under the pointer stays under it.
 * @param {PointerEvent} event @param {View} view @param {number} top */
function drag(event, view, top) {
  if (event.button !== 0) return;
  const stop = new AbortController(), from = event.clientY;
  addEventListener("pointermove", (moved) => {
    if (Math.abs(moved.clientY - from) > 3) view.set({ top: { ...view.top, space: Math.max(0, top + from - moved.clientY) } }, true);
  }, { signal: stop.signal });
  for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, () => stop.abort(), { signal: stop.signal });
}

/** Behind the lives: on which side of a cut each node is, and for how long. The largest side stays white.
 * @param {import("../lanes.js").Parting} parting @param {(name: string) => number} x @param {number} gap @param {number} from @param {number} to */
function sidesShaded(parting, x, gap, from, to) {
  const { title, nodes } = cutOff(parting), middle = (from + to) / 2;
  return mark("parted", parting.seq, title, nodes.map(({ node, words }) => {
    const left = x(node) - gap / 2 + 2, says = to - from > 190 ? words : to - from > 70 ? `for ${spanText(parting.until - parting.t)}` : "";
    return draw("g", draw("rect", { x: left, y: from, width: gap - 4, height: Math.max(1, to - from) }),
      says ? draw("text", { x: 0, y: 0, transform: `translate(${left + gap - 9} ${middle}) rotate(-90)` }, says) : null);
  }));
}

/** A stretch of a life: thin for a follower, dashed for a candidate, double for a leader, hatched while it is down.
 * @param {string} role @param {number} x @param {number} from @param {number} to @param {string} how */
function lifeLine(role, x, from, to, how) {
  if (role === "leader")
    return draw(`rect.life leader${how}`, { x: x - 5, y: from, width: 10, height: Math.max(0, to - from) });
  if (role === "down") {
    const hatch = [];
    for (let y = Math.ceil(from / 7) * 7; y < to; y += 7) hatch.push(`M${x - 4} ${y + 4}L${x + 4} ${y}`);
    return draw(`path.life down${how}`, { d: hatch.join("") });
  }
  return draw(`line.life ${role}${how}`, { x1: x, x2: x, y1: from, y2: to });
}

/** While a node holds itself responsible for a task there is a bracket beside its life. Two at once: why a backup runs twice.
 * @param {Recorded} run @param {import("../lanes.js").Belief} belief @param {number} x @param {number} from @param {number} to @param {string} how */
function turn(run, belief, x, from, to, how) {
  return mark(
    `turn${how}`, belief.seq, `${belief.node} holds itself responsible for ${taskName(run, belief.key)}`,
    draw("path.wide", { d: `M${x} ${from}V${to}` }),
    draw("path", { d: `M${x + 4} ${from}H${x}V${to}H${x + 4}` }),
  );
}

/** @param {import("../types.js").State} state @param {string} name @param {number} x @param {number} gap @param {string} how */
function headOf(state, name, x, gap, how) {
  const node = state.nodes[name];
  const roles = { leader: "leads", follower: "follows", candidate: "stands", trial: "asks", down: "down", none: "" };
  const does = node.paused ? "paused" : roles[/** @type {keyof typeof roles} */ (node.role)];
  return draw(
    `g.name ${node.role}${how}`,
    draw("text.tag", { x, y: 14 }, name),
    draw("text.role", { x, y: 26 }, !node.up ? does : gap < 70 ? `t${node.term}` : `${does} · t${node.term}`),
  );
}

/** A message: solid for entries, dashed for votes; a cross where it was lost.
 * @param {import("../types.js").Row} row @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @param {string} how */
function arrow(row, x1, y1, x2, y2, how) {
  const lost = row.kind === "Lost", part = lost ? 0.8 : 1, side = x2 > x1 ? -1 : 1;
  const ex = x1 + (x2 - x1) * part + (lost ? 0 : side * 3), ey = y1 + (y2 - y1) * part;
  const kind = lost ? "lost" : /Vote/.test(row.message) ? "vote" : /Reply$/.test(row.message) ? "reply" : "append";
  const length = Math.hypot(ex - x1, ey - y1) || 1, ux = (ex - x1) / length, uy = (ey - y1) / length;
  const tip = lost
    ? `M${ex - 3.5} ${ey - 3.5}l7 7m0 -7l-7 7`
    : `M${ex} ${ey}L${ex - 7 * ux - 3 * uy} ${ey - 7 * uy + 3 * ux}L${ex - 7 * ux + 3 * uy} ${ey - 7 * uy - 3 * ux}Z`;
  return mark(
    `message ${kind}${how}`, row.seq, `${row.node} ${row.text}`,
    draw("line.wide", { x1, y1, x2: ex, y2: ey }),
    draw("line.shaft", { x1, y1, x2: ex, y2: ey }),
    draw("path.tip", { d: tip }),
  );
}

const SHAPES = /** @type {Record<string, string>} */ ({
  BackupStarted: "M-5 -5H5V5H-5Z", BackupFinished: "M-5 -5H5V5H-5ZM-2.5 0L-0.5 2.5L3 -2.5", BackupSkipped: "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0 -5 0Z",
  BackupFailed: "M-4 -4L4 4M4 -4L-4 4", BackupCancelled: "M-4 -4L4 4M4 -4L-4 4", Crashed: "M-5 -5L5 5M5 -5L-5 5", Failed: "M-5 -5L5 5M5 -5L-5 5",
  Stopped: "M-5 -4L0 5L5 -4Z",
  Started: "M-5 4L0 -5L5 4Z", BecameLeader: "M-6 4L-6 -5L-2.5 -1L0 -6L2.5 -1L6 -5L6 4Z", ReportQueued: "M-5 -4H5V4H-5ZM-5 -4L0 1L5 -4", Reported: "M-5 -4H5V4H-5ZM-5 -4L0 1L5 -4",
});

/** @param {Recorded} run @param {number} seq @param {number} x @param {number} y @param {string} how */
function glyph(run, seq, x, y, how) {
  const kind = run.kind(seq), broke = run.header.breaks.some((each) => each.seq === seq) ? " broke" : "";
  return mark(
    `mark k-${kind}${how}${broke}`, seq, `${run.node(seq)} ${run.text(seq)}`, { transform: `translate(${x} ${y})` },
    draw("path", { d: own(SHAPES, kind) ?? "M-3 0A3 3 0 1 0 3 0A3 3 0 1 0 -3 0Z" }),
  );
}

/** @param {Recorded} run @param {number} seq @param {string} node @param {number} y @param {number} at @param {number} x
 * @param {number} left @param {string} how @param {View} view */
function sentence(run, seq, node, y, at, x, left, how, view) {
  const here = seq === view.seq ? " here" : "", broke = run.header.breaks.some((each) => each.seq === seq) ? " broke" : "", text = `${node} ${run.text(seq)}`.trim();
  const most = Math.max(10, Math.floor((view.width - left - 6) / (here || broke ? 7.3 : 6.6))); // bold is wider
  const weight = run.weights[seq] === 2 ? " headline" : "";
  return mark(
    `sentence${how}${weight}${here}${broke}`, seq, `${clockText(run.times[seq])}  ${text}`,
    draw("path.leader-line", { d: `M${x + 8} ${at}H${left - 14}L${left - 4} ${y - 4}` }),
    draw("text", { x: left, y }, clipped(text, most)),
  );
}
