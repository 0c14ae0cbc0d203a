// What is drawn of a whole run at once: who leads, faults, lives, backups, and who believes to own a task. One walk collects it.

import { spanText } from "./clock.js";
import { keyOf, own } from "./fold_record.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./types.js").Run} Run */
/** @typedef {{node: string, role: string, term: number, seq: number, last: number, t: number, until: number}} Life */
/** @typedef {{node: string, key: string, owner: string, seq: number, last: number, t: number, until: number}} Belief */
/** @typedef {{sides: string[][], seq: number, last: number, t: number, until: number}} Parting */
/** @typedef {{lives: Life[], faults: Row[], runs: Run[], removals: Row[], beliefs: Belief[], tenures: Belief[], partings: Parting[], entries: Map<string, number>, tasks: Map<string, string>, homes: Map<string, number>, clusters: string[][],
 *   stops: number[], end: number}} Lanes */

const NO_FAULT = new Set(["Start", "Ask", "When", "Join", "Remove", "Promote", "Demote", "Reconfigure", "Transfer"]);

/** The sides on which nodes are that a cut parts: who can talk both ways, perhaps through others, is on one side.
 * @param {string[]} names @param {string[]} cuts @returns {string[][]} */
function sidesOf(names, cuts) {
  /** @type {string[][]} */
  const sides = [];
  for (const name of names) {
    const near = sides.filter((side) => side.some((other) => !cuts.includes(`${name}>${other}`) && !cuts.includes(`${other}>${name}`)));
    sides.push([...near.flat(), name]);
    for (const side of near) sides.splice(sides.indexOf(side), 1);
  }
  return sides;
}

/** Who is cut off, each with whom it cannot reach, all but the largest side; and it all in words.
 * @param {Parting} parting */
export function cutOff({ sides, t, until, last }) {
  const most = sides.reduce((one, other) => (other.length > one.length ? other : one)), long = `${spanText(until - t)}${last === Infinity ? ", to the end" : ""}`;
  const others = (/** @type {string[]} */ side) => sides.filter((each) => each !== side).flat().sort().join(" ");
  return {
    title: `${sides.map((side) => side.join(" ")).join(" | ")}: no way between them for ${long}`,
    nodes: sides.filter((side) => side !== most).flatMap((side) => side.map((node) => ({ node, words: `cut off from ${others(side)} for ${long}` }))),
  };
}

/** Whether a run ended without a file that can be used.
 * @param {Run} run */
export function wentWrong(run) {
  return ["failed", "cancelled", "crashed"].includes(run.end);
}

/** The number of the cluster of a node: who joins later joins the first.
 * @param {Lanes} lanes @param {string} node */
export function homeOf({ clusters }, node) {
  return Math.max(0, clusters.findIndex((founders) => founders.includes(node)));
}

/** A task by its name, and of which database it is where another one has the same.
 * @param {{lanes: Lanes}} run @param {string} key */
export function taskName({ lanes: { tasks } }, key) {
  const name = tasks.get(key) ?? "one-time backup", same = [...tasks].some(([other, each]) => each === name && other !== key);
  return same || !tasks.has(key) ? `${name} of ${key.slice(0, key.lastIndexOf("/"))}` : name;
}

/** A collector: give events in order to `see`, say by `until` when the last of them was, and read `lanes`.
 * @param {string[]} agreed the kinds of notes about an entry that is applied */
export function collector(agreed) {
  /** @type {Lanes} */
  const lanes = { lives: [], faults: [], runs: [], removals: [], beliefs: [], tenures: [], partings: [], entries: new Map(), tasks: new Map(), homes: new Map(), clusters: [], stops: [], end: 0 };
  /** @type {Map<string, Life>} */
  const living = new Map();
  /** @type {Map<string, Belief>} */
  const believed = new Map();
  /** @type {Map<string, number>} */
  const agreedAt = new Map();
  /** @type {Map<string, Run>} */
  const runs = new Map();

  /** @type {string[] | null} */
  let cuts = null;
  /** @param {Row} row @param {import("./types.js").State} state */
  function part(row, state) {
    cuts = state.cuts;
    const before = lanes.partings.at(-1), sides = sidesOf(Object.keys(state.nodes), state.cuts);
    if (before?.last === Infinity) Object.assign(before, { until: row.t, last: row.seq });
    if (sides.length > 1) lanes.partings.push({ sides, seq: row.seq, last: Infinity, t: row.t, until: 0 });
  }

  /** @param {Row} row @param {string} role @param {number} term */
  function live(row, role, term) {
    const before = living.get(row.node);
    if (before && before.role === role && before.term === term) return;
    if (before) Object.assign(before, { until: row.t, last: row.seq });
    const life = { node: row.node, role, term, seq: row.seq, last: Infinity, t: row.t, until: 0 };
    living.set(row.node, life);
    lanes.lives.push(life);
  }

  /** What a node believes; and, from the first node that applies the entry, what is agreed.
   * @param {Row} row @param {string} owner */
  function believe(row, owner) {
    const key = keyOf(row), { seq, t } = row;
    if (row.index > (agreedAt.get(key) ?? -1)) hold("", lanes.tenures);
    agreedAt.set(key, Math.max(row.index, agreedAt.get(key) ?? -1));
    hold(row.node, lanes.beliefs);
    /** @param {string} node @param {Belief[]} found */
    function hold(node, found) {
      const place = `${node}/${key}`, before = believed.get(place);
      if (before?.owner === owner) return;
      if (before) Object.assign(before, { until: t, last: seq });
      const belief = { node, key, owner, seq, last: Infinity, t, until: 0 };
      believed.set(place, belief);
      found.push(belief);
    }
  }

  /** By which a run is known: its node, its task and its start.
   * @param {Row} row */
  const placeOf = (row) => `${row.node}/${keyOf(row)}/${row.started_at}`;

  /** @param {Row} row @param {string} how */
  function finish(row, how) {
    const run = runs.get(placeOf(row));
    if (run && !run.endSeq) Object.assign(run, { end: how, endSeq: row.seq, until: row.t });
  }

  /** @param {Row} row */
  function begin(row) {
    const { node, database, task, seq, t, occurrence, folder = "" } = row;
    /** @type {Run} */
    const run = {
      node, database, task, key: keyOf(row), seq, t, full: !!row.full, occurrence, folder, startedAt: row.started_at,
      end: "", endSeq: 0, until: 0, reported: 0, waits: 0, late: false,
    };
    runs.set(placeOf(row), run);
    lanes.runs.push(run);
  }

  /** The node is down, and cuts off what it ran. @param {Row} row */
  function fallen(row) {
    live(row, "down", living.get(row.node)?.term ?? 0);
    for (const run of runs.values()) if (run.node === row.node && !run.endSeq) Object.assign(run, { end: "crashed", endSeq: row.seq, until: row.t });
  }

  /** @type {Record<string, (row: Row) => void>} */
  const sees = {
    Started: (row) => live(row, "follower", living.get(row.node)?.term ?? 0),
    Crashed: fallen,
    Stopped: fallen,
    BecameFollower: (row) => live(row, "follower", row.term),
    BecameCandidate: (row) => live(row, row.trial ? "trial" : "candidate", row.term),
    BecameLeader: (row) => live(row, "leader", row.term),
    Stepped: (row) => {
      if (row.step === "Start") lanes.clusters.push(row.nodes);
      if (!NO_FAULT.has(row.step)) lanes.faults.push(row);
    },
    TaskDefined: (row) => {
      lanes.tasks.set(keyOf(row), row.name || keyOf(row));
      lanes.homes.set(keyOf(row), homeOf(lanes, row.node));
    },
    OwnerChanged: (row) => believe(row, row.owner_after),
    TaskRemoved: (row) => believe(row, ""),
    BackupStarted: begin,
    BackupSkipped: (row) => { begin(row); finish(row, "nothing new"); },
    BackupFinished: (row) => finish(row, "finished"),
    BackupFailed: (row) => { if (!runs.has(placeOf(row))) begin(row); finish(row, "failed"); },
    BackupCancelled: (row) => finish(row, "cancelled"),
    FolderRemoved: (row) => { lanes.removals.push(row); },
    ReportQueued: (row) => {
      const run = runs.get(placeOf(row));
      if (run) run.waits = row.seq;
    },
    Reported: (row) => {
      const run = runs.get(placeOf(row));
      if (run) Object.assign(run, { reported: row.seq, late: row.late });
    },
  };

  return {
    /** @param {Row} row @param {import("./types.js").State} state */
    see(row, state) {
      own(sees, row.kind)?.(row);
      if (state.cuts !== cuts) part(row, state);
      if (agreed.includes(row.kind)) {
        const entry = `${homeOf(lanes, row.node)}/${row.index}`;
        if (!lanes.entries.has(entry)) lanes.entries.set(entry, row.seq);
      }
      if (row.weight === 2) lanes.stops.push(row.seq);
    },
    /** What is not over yet lasts to the last event. @param {number} t its time @param {{seq: number}[]} breaks */
    until(t, breaks) {
      lanes.end = t;
      for (const each of [...lanes.lives, ...lanes.beliefs, ...lanes.tenures, ...lanes.partings]) if (each.last === Infinity) each.until = t;
      for (const each of lanes.runs) if (!each.endSeq) each.until = t;
      const nth = (/** @type {string} */ key) => lanes.homes.get(key) ?? 0;
      lanes.tasks = new Map([...lanes.tasks].sort(([one], [other]) => nth(one) - nth(other)));
      lanes.stops = [...new Set([...lanes.stops, ...breaks.map((each) => each.seq)])].sort((one, other) => one - other);
    },
    lanes,
  };
}
