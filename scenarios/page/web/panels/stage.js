// The cluster at the playhead: each node with its role by shape, what it does and what ails it, messages on their way, cuts,
// and where files stand. What the chosen node cannot know is not shown.

import { asked } from "../causes.js";
import { spanText } from "../clock.js";
import { clipped, colorOf, draw, el, picture } from "../dom.js";
import { lastOf, stands } from "../fold.js";

/** @typedef {import("../types.js").State} State */
/** @typedef {import("../types.js").Recorded} Recorded */
/** @typedef {import("../types.js").View} View */
/** @typedef {{x: number, y: number}} Place */

const R = 32, LOOK = 600, SOON = 5e6, CROWN = "M-15 -37L-17 -52L-8 -44L0 -56L8 -44L17 -52L15 -37Z";

/** @type {import("../types.js").Panel} */
export function stage(state, run, view) {
  const { width, height } = view, clouds = Object.keys(state.files).filter((place) => !(place.split(":")[0] in state.nodes));
  const room = width - (clouds.length ? 150 : 0);
  const grown = Math.min(1.6, Math.max(1, Math.min(room / 700, height / 580))), high = height - 195 * grown, lowest = Math.floor(run.names.length / 2) / run.names.length;
  /** @type {Record<string, Place>} */
  const at = Object.fromEntries(run.names.map((name, place) => {
    const turn = (place / run.names.length) * 2 * Math.PI - Math.PI / 2;
    const part = run.names.length > 1 ? (1 + Math.sin(turn)) / (1 - Math.cos(lowest * 2 * Math.PI)) : 0.5;
    return [name, { x: room / 2 + Math.max(90, Math.min(room / 2 - 110 * grown, high * 0.8)) * Math.cos(turn), y: 72 * grown + high * part }];
  }));
  const led = asked(run, view)?.all;
  return el("div.stage", { "data-key": "stage" }, picture(
    "The cluster at this moment; the panels beside have the same as text", width, height, {},
    links(state, run, at, grown, view.from),
    view.from || !wireWords(state.links).length ? null : draw("text.words", { x: 14, y: 22 }, `all links: ${wireWords(state.links).join(", ")}`),
    flying(state, run, view).map((row) => message(run, row, state.t, at, led && !led.has(row.seq) ? " faded" : "", view)),
    run.names.map((name) => (view.from && name !== view.from ? stranger(state, name, at[name], grown, view.from) : body(state, run, name, at[name], grown, view))),
    clouds.map((place, nth) => cloud(state, place, width - 140, 30 + nth * 64)),
  ));
}

/** @param {State} state @param {Recorded} run @param {Record<string, Place>} at @param {number} grown @param {string} from */
function links(state, run, at, grown, from) {
  /** @type {{x: number, y: number, w: number, h: number}[]} */
  const taken = Object.values(at).flatMap(({ x, y }) => [{ x, y: y - 10, w: 2 * R * grown, h: 90 * grown }, { x, y: y + 66 * grown, w: 230 * grown, h: 72 * grown }]);
  return run.names.flatMap((one, place) => run.names.slice(place + 1).map((other) => {
    const both = [`${one}>${other}`, `${other}>${one}`], cut = both.filter((each) => state.cuts.includes(each)), held = both.filter((each) => state.held.includes(each));
    const a = at[one], b = at[other], wire = from ? [] : wireWords(state.wires[both[0]]), how = from || !(cut.length + held.length + wire.length) ? "" : cut.length ? " cut" : held.length ? " held" : " wired";
    if (!how && state.nodes[one].cluster !== state.nodes[other].cluster) return null;
    const lines = !how ? [] : how === " wired" ? wire : [`✕ ${how.trim()}${cut.length + held.length === 1 ? ` ${[...cut, ...held][0].replace(">", " → ")}` : ""}`];
    const w = 7 * Math.max(...lines.map((line) => line.length)), h = 16 * lines.length;
    const places = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74].map((part) => ({ x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part, w, h }));
    const free = places.find((each) => !taken.some((other) => 2 * Math.abs(each.x - other.x) < w + other.w && 2 * Math.abs(each.y - other.y) < h + other.h)) ?? places[0];
    if (how) taken.push(free);
    return draw(`g.link${how}`, draw("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y }),
      lines.map((line, nth) => draw("text", { x: free.x, y: free.y + 12 - h / 2 + 16 * nth }, line)));
  }));
}

/** What is special about a link or about all, in words: lines.
 * @param {State} [wire] @returns {string[]} */
function wireWords({ latency, jitter, loss, duplicate, ordered, delay_chance: chance, delay } = {}) {
  const part = (/** @type {number | undefined} */ of, /** @type {string} */ word) => of === undefined ? null : `${Number((of * 100).toPrecision(3))}% ${word}`;
  const words = [latency !== undefined && `${spanText(latency)}${jitter ? ` + ${spanText(jitter)}` : ""}`, part(loss, "lost"), part(duplicate, "twice"),
    part(chance, `${delay ? `${spanText(delay)} ` : ""}late`), ordered === false && "in any order"];
  return words.filter((each) => typeof each === "string");
}

/** The messages that were sent by now and land, or are lost, later.
 * @param {State} state @param {Recorded} run @param {View} view */
function flying(state, run, view) {
  const found = [];
  for (let seq = view.seq + 1; seq <= Math.min(run.count, view.seq + LOOK) && found.length < 60; seq++) {
    const kind = run.kind(seq);
    if (kind !== "Delivered" && kind !== "Lost") continue;
    const row = run.row(seq);
    if (row.sent <= state.t && row.parent <= view.seq && (!view.from || row.peer === view.from)) found.push(row);
  }
  return found;
}

/** @param {Recorded} run @param {import("../types.js").Row} row @param {number} t @param {Record<string, Place>} at @param {string} how @param {View} view */
function message(run, row, t, at, how, view) {
  const part = 0.2 + 0.6 * ((t - row.sent) / Math.max(1, row.t - row.sent)), a = at[row.peer], b = at[row.node], turn = Math.atan2(b.y - a.y, b.x - a.x);
  const x = a.x + (b.x - a.x) * part - 9 * Math.sin(turn), y = a.y + (b.y - a.y) * part + 9 * Math.cos(turn);
  const lost = row.kind === "Lost" && !view.from;
  return draw(
    `g.message ${lost ? "lost" : /Vote/.test(row.message) ? "vote" : /Reply$|Ack$/.test(row.message) ? "reply" : "append"}${how}`, { transform: `translate(${x} ${y})`, onclick: () => view.go(row.seq), title: `${row.message} from ${row.peer} to ${row.node}${lost ? `: never arrives (${row.why})` : `, lands in ${spanText(row.t - t)}`}` },
    draw("path.tip", { d: lost ? "M-5 -5L5 5M5 -5L-5 5" : "M9 0L-6 -6L-3 0L-6 6Z", transform: `rotate(${(turn * 180) / Math.PI})` }),
  );
}

const ROLES = /** @type {Record<string, string>} */ ({ leader: "leads", follower: "follows", candidate: "stands", trial: "asks whether it could win", down: "down", none: "not started" });

/** @param {State} state @param {Recorded} run @param {string} name @param {Place} place @param {number} grown @param {View} view */
function body(state, run, name, { x, y }, grown, view) {
  const node = state.nodes[name], color = colorOf(run.names, name), soon = candidacy(state, run, name);
  const follows = node.role === "follower" ? (node.leader ? `follows ${node.leader}` : "follows nobody") : ROLES[node.role];
  const owned = Object.entries(node.record.tasks).filter(([, task]) => task.owner === name).map(([, task]) => task.name);
  const files = Object.entries(state.files).filter(([each]) => each.startsWith(`${name}:`)), waiting = Object.keys(node.waiting).length;
  /** @type {[string, string][]} */
  const lines = [[`${node.paused ? "paused" : follows} · term ${node.term}`, "strong"]];
  if (node.up) lines.push([`commit ${node.commit} of ${lastOf(node.log)}`, ""]);
  if (soon) lines.push([`election timer: ${spanText(soon.wait)} left`, ""]);
  if (node.up && owned.length) lines.push([`responsible: ${owned.slice(0, 2).join(", ")}${owned.length > 2 ? ` and ${owned.length - 2} more` : ""}`, "mine"]);
  for (const [key, each] of Object.entries(node.running).slice(0, 2)) lines.push([`■ ${each.full ? "full" : "incremental"} backup of ${key}`, "strong"]);
  if (waiting) lines.push([`✉ ${waiting} report${waiting > 1 ? "s wait" : " waits"}`, "ill"]);
  const ills = [node.disk.full && "disk full", node.disk.failing && "disk fails", node.disk.factor !== 1 && `disk ${node.disk.factor}× slower`,
    ...node.short.map((/** @type {string} */ of) => `short of ${of}`), ...Object.entries(node.places).map(([path, trouble]) => `${path}: ${trouble}`),
    node.clock.offset && `clock ${node.clock.offset > 0 ? "+" : "−"}${spanText(Math.abs(node.clock.offset))}`, node.clock.drift && `clock drifts ${node.clock.drift} ppm`].filter(Boolean);
  if (ills.length) lines.push([ills.join(", "), "ill"]);
  for (const [each, kept] of files.map(([each, all]) => [each, all.filter(stands)]).slice(0, 2)) if (kept.length) lines.push([`${each.slice(name.length + 1)}: ${kept.length} file${kept.length > 1 ? "s" : ""}`, ""]);
  return draw(
    `g.body ${node.paused ? "paused " : ""}${node.role} ${color}`, { transform: `translate(${x} ${y}) scale(${grown})`, onclick: () => view.go(Math.max(1, node.since)), title: `${name} ${follows}, since event ${node.since}` },
    node.role === "leader" ? draw("path.crown", { d: CROWN }) : null,
    draw("circle.shape", { r: R }),
    node.role === "leader" ? draw("circle.ring", { r: R - 5 }) : null,
    node.role === "down" ? draw("path.hatch", { d: "M-22 14L14 -22M-14 23L23 -14M-28 2L2 -28M-3 29L29 -3" }) : null,
    soon ? draw("path.timer", { d: arc(R + 5, soon.part) }) : null,
    draw("text.tag", { y: 7 }, name),
    lines.map(([text, how], nth) => draw(`text.says ${how}`, { y: R + 18 + nth * 16 }, clipped(text, 34))),
  );
}

/** What sets an election timer anew.
 * @param {import("../types.js").Row} row */
const RESETS = (row) => (row.kind === "Delivered" ? /^(AppendEntries|InstallSnapshot)$/.test(row.message) : /^(Started|Voted|BecameCandidate)$/.test(row.kind));

/** How long until this node stands for election, as the recording has it, and how much of its timer has run; null if that is not soon.
 * @param {State} state @param {Recorded} run @param {string} name */
function candidacy(state, run, name) {
  const node = state.nodes[name], next = run.lanes.lives.find((life) => life.node === name && life.seq > state.seq);
  if (!node.up || node.role === "leader" || !next || !/candidate|trial/.test(next.role) || next.t - state.t > SOON) return null;
  for (let seq = state.seq + 1; seq < next.seq; seq++) if (run.node(seq) === name && RESETS(run.row(seq))) return null;
  let heard = state.seq;
  while (heard && run.times[heard] > state.t - SOON && !(run.node(heard) === name && RESETS(run.row(heard)))) heard--;
  return { wait: next.t - state.t, part: (state.t - run.times[heard]) / Math.max(1, next.t - run.times[heard]) };
}

/** @param {number} r @param {number} part */
function arc(r, part) {
  const turn = Math.min(0.999, part) * 2 * Math.PI;
  return `M0 ${-r}A${r} ${r} 0 ${part > 0.5 ? 1 : 0} 1 ${r * Math.sin(turn)} ${-r * Math.cos(turn)}`;
}

/** Another node, of which the one that sees knows only whom it follows.
 * @param {State} state @param {string} name @param {Place} place @param {number} grown @param {string} from */
function stranger(state, name, { x, y }, grown, from) {
  const leads = state.nodes[from].leader === name;
  return draw(
    "g.body stranger", { transform: `translate(${x} ${y}) scale(${grown})`, title: `What ${name} does now ${from} cannot know` },
    leads ? draw("path.crown", { d: CROWN }) : null,
    draw("circle.shape", { r: R }), draw("text.tag", { y: 7 }, name),
    draw("text.says", { y: R + 18 }, leads ? `${from} believes that it leads` : "not known"),
  );
}

/** @param {State} state @param {string} place @param {number} x @param {number} y */
function cloud(state, place, x, y) {
  const files = state.files[place].filter(stands).length;
  return draw("g.cloud", { transform: `translate(${x} ${y})`, title: place }, draw("rect", { width: 130, height: 46, rx: 4 }),
    draw("text", { x: 8, y: 19 }, clipped(place, 19)), draw("text.words", { x: 8, y: 36 }, `${files} file${files === 1 ? "" : "s"}`));
}
