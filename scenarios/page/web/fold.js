// The state of a run after each of its events: state = fold(checkpoint, events up to the playhead). It applies recorded facts
// and computes no Raft. fold.py does the same, and a test compares the two. A value inside a state is replaced, never changed.

import { emptyRecord, inRecord, keyOf, own, without } from "./fold_record.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./types.js").State} State */
/** @typedef {{index: number, record: State}[][]} Records what each cluster had agreed as of each entry */

const EVERY = 1000;

/** @param {State} record @returns {State} */
function emptyNode(record) {
  return {
    up: false, paused: false, role: "none", since: 0, term: 0, voted: null, leader: "",
    log: { base: 0, terms: [] }, commit: 0, snapshot: 0, voters: [],
    disk: { full: false, factor: 1, failing: false }, clock: { offset: 0, drift: 0, zone: "UTC" }, short: [], places: {},
    record, cluster: 0, plans: {}, running: {}, waiting: {},
  };
}

/** The state before the first event.
 * @param {string[]} names @returns {State} */
function emptyState(names) {
  const record = emptyRecord();
  const nodes = Object.fromEntries(names.map((name) => [name, emptyNode(record)]));
  return { seq: 0, t: 0, nodes, cuts: [], held: [], links: {}, wires: {}, clusters: [], files: {} };
}

/** All states of a run: `fold(count)` folds on up to that event, `state(seq)` is the state after any that is folded, from 0.
 * @param {string[]} names @param {(seq: number) => Row} row @param {(row: Row, state: State) => void} seen each event, once, in order */
export function folded(names, row, seen) {
  /** @type {Records} */
  const records = [];
  const last = emptyState(names), checkpoints = [{ ...last }];
  let near = last;
  /** @param {number} count */
  function fold(count) {
    while (last.seq < count) {
      const each = row(last.seq + 1);
      apply(last, each, records);
      remember(last, each, records);
      seen(each, last);
      if (last.seq % EVERY === 0) checkpoints.push({ ...last });
    }
    near = { ...last };
  }
  /** @param {number} seq @returns {State} */
  function state(seq) {
    near = { ...(near.seq <= seq && seq - near.seq < EVERY ? near : checkpoints[Math.floor(seq / EVERY)]) };
    while (near.seq < seq) apply(near, row(near.seq + 1), records);
    return near;
  }
  return { fold, state };
}

/** @param {State} state @param {Row} row @param {Records} records */
function apply(state, row, records) {
  state.seq = row.seq;
  state.t = row.t;
  if (row.node === "") {
    if (row.kind === "Stepped") own(STEPS, row.step)?.(state, row);
    return;
  }
  const before = state.nodes[row.node];
  if (!before) return;
  const changes = changed(state, before, row, records);
  if (changes) state.nodes = { ...state.nodes, [row.node]: { ...before, ...changes } };
  own(FILES, row.kind)?.(state, before, row);
}

/** @param {State} state @param {State} node @param {Row} row @param {Records} records @returns {State | null} */
function changed(state, node, row, records) {
  const record = "index" in row ? inRecord(node.record, row) : null;
  if (record) {
    agree(state, node.cluster, row);
    return { record };
  }
  if (row.kind === "Restored") return { record: recordAt(records[node.cluster] ?? [], row.index) };
  return own(NODE, row.kind)?.(node, row) ?? null;
}

/** Entry `index` of a cluster is agreed once: the node that applied it first tells it.
 * @param {State} state @param {number} number @param {Row} row */
function agree(state, number, row) {
  const cluster = state.clusters[number], { index, node: teller } = row;
  if (index < cluster.index || (index === cluster.index && cluster.teller !== teller)) return;
  const changed = { index, teller, record: inRecord(cluster.record, row) };
  state.clusters = state.clusters.map((/** @type {State} */ each) => (each === cluster ? changed : each));
}

/** @param {State} state @param {Row} row @param {Records} records */
function remember(state, row, records) {
  const node = state.nodes[row.node];
  if (!node || !("index" in row)) return;
  const cluster = state.clusters[node.cluster], known = (records[node.cluster] ??= []);
  if (cluster.index !== row.index) return;
  if (known.at(-1)?.index === row.index) known.pop();
  known.push({ index: row.index, record: cluster.record });
}

/** @param {Records[0]} records @param {number} index */
function recordAt(records, index) {
  let found = emptyRecord();
  for (const each of records) {
    if (each.index > index) break;
    found = each.record;
  }
  return found;
}

// ---- what a node's event changes of that node ----

/** The log with these entries after entry `after`; terms are runs of [term, how many].
 * @param {State} log @param {number} after @param {number[][]} runs @returns {State} */
function written(log, after, runs) {
  const kept = [];
  let room = after - log.base;
  for (const [term, count] of log.terms) {
    if (room <= 0) break;
    kept.push([term, Math.min(count, room)]);
    room -= count;
  }
  for (const [term, count] of runs) {
    /** @type {number[] | undefined} */
    const last = kept.at(-1);
    if (last && last[0] === term) kept[kept.length - 1] = [term, last[1] + count];
    else kept.push([term, count]);
  }
  return { base: log.base, terms: kept };
}

/** @param {State} log @param {number} base @returns {State} */
function forgotten(log, base) {
  const kept = [];
  let gone = base - log.base;
  for (const [term, count] of log.terms) {
    const left = count - Math.max(0, gone);
    gone -= count;
    if (left > 0) kept.push([term, left]);
  }
  return { base, terms: kept };
}

/** How many entries these runs of terms have.
 * @param {number[][]} terms */
function entriesOf(terms) {
  return terms.reduce((sum, run) => sum + run[1], 0);
}

/** The index of the last entry of a log.
 * @param {State} log @returns {number} */
export function lastOf(log) {
  return log.base + entriesOf(log.terms);
}

/** @param {State} node @param {Row} row @returns {State} */
function recovered(node, row) {
  const log = { base: row.index - entriesOf(row.terms), terms: row.terms };
  return { term: row.term, voted: row.vote ? [row.term, row.vote] : null, log, commit: row.commit };
}

/** @param {string} role @param {State} node @param {Row} row @param {string} leader @returns {State} */
function became(role, node, row, leader) {
  return { role, since: node.role === role ? node.since : row.seq, term: row.term, leader };
}

/** @type {(node: State, row: Row) => State} */
const ended = (node, row) => ({ running: without(node.running, keyOf(row)) });
/** @type {(node: State, row: Row) => State} */
const reported = (node, row) => ({ waiting: without(node.waiting, `${keyOf(row)}/${row.started_at}`) });

/** @type {(node: State, row: Row) => State} */
const crashed = (node, row) => ({
  up: false, paused: false, role: "down", since: row.seq, leader: "", plans: {}, running: {},
  disk: { ...node.disk, failing: false },
});

/** By kind: what an event changes of its node.
 * @type {Record<string, (node: State, row: Row) => State | null>} */
const NODE = {
  Started: (node, row) => ({ up: true, role: "follower", since: row.seq, leader: "" }),
  Crashed: crashed,
  Stopped: crashed,
  Recovered: recovered,
  RecoveredSnapshot: (node, row) => ({ snapshot: row.index }),
  BecameFollower: (node, row) => became("follower", node, row, row.leader),
  BecameCandidate: (node, row) =>
    row.trial ? { ...became("trial", node, row, ""), term: node.term } : became("candidate", node, row, ""),
  BecameLeader: (node, row) => became("leader", node, row, row.node),
  Voted: (node, row) => ({ term: row.term, voted: [row.term, row.candidate] }),
  Delivered: (node, row) => (node.term !== row.term ? { term: row.term } : null),
  Wrote: (node, row) => ({ log: written(node.log, row.after, row.terms) }),
  Committed: (node, row) => ({ commit: row.index }),
  Compacted: (node, row) => ({ log: forgotten(node.log, row.base) }),
  SnapshotTaken: (node, row) => ({ snapshot: row.index }),
  SnapshotInstalled: (node, row) => ({
    snapshot: row.index, log: { base: row.index, terms: [] }, commit: Math.max(node.commit, row.index),
  }),
  ConfigurationChanged: (node, row) => ({ voters: row.voters }),
  BackupPlanned: (node, row) => {
    const { due, full, why, rule, seq } = row;
    return { plans: { ...node.plans, [keyOf(row)]: { due, full, why, rule, seq, delayed: null } } };
  },
  BackupDelayed: (node, row) => {
    const plan = node.plans[keyOf(row)];
    return plan ? { plans: { ...node.plans, [keyOf(row)]: { ...plan, delayed: row.until, why: row.why } } } : null;
  },
  BackupStarted: (node, row) => {
    const { started_at, occurrence, full, by_hand, path, folder, file, uploads, seq } = row;
    return { running: { ...node.running, [keyOf(row)]: { started_at, occurrence, full, by_hand, path, folder, file, uploads, seq } } };
  },
  BackupFinished: ended,
  BackupFailed: ended,
  BackupCancelled: ended,
  ReportQueued: (node, row) => {
    const waits = { started_at: row.started_at, why: row.why, seq: row.seq };
    return { waiting: { ...node.waiting, [`${keyOf(row)}/${row.started_at}`]: waits } };
  },
  Reported: reported,
  ReportGivenUp: reported,
};

// ---- files, each at a place: `A:backups`, `s3://bucket` ----

/** @param {State} state @param {string} place @param {Row} row @param {boolean} full */
function keep(state, place, row, full) {
  const others = (state.files[place] ?? []).filter((/** @type {Row} */ file) => file.folder !== row.folder || file.file !== row.file);
  const { database, task, folder, file, started_at, node, seq } = row;
  state.files = { ...state.files, [place]: [...others, { database, task, folder, file, started_at, node, seq, full, lost: "" }] };
}

/** @param {State} state @param {Row} row @param {(files: Row[]) => Row[]} change */
function atPlace(state, row, change) {
  const local = `${row.node}:${row.path}`, place = state.files[local] ? local : row.path;
  if (state.files[place]) state.files = { ...state.files, [place]: change(state.files[place]) };
}

/** Whether a file is still there, whole or not: one that is removed stays in the state, as what needs it cannot be restored.
 * @param {State} file */
export const stands = ({ lost }) => !lost || lost === "corrupted";

/** @type {Record<string, (state: State, before: State, row: Row) => void>} */
const FILES = {
  BackupFinished: (state, before, row) => {
    const run = before.running[keyOf(row)];
    if (run?.path) keep(state, `${row.node}:${run.path}`, row, row.full);
  },
  Uploaded: (state, before, row) => keep(state, row.path, row, /full-(backup|snapshot)/.test(row.file)),
  FolderRemoved: (state, before, row) => atPlace(state, row, (files) => files.filter((file) => file.folder !== row.folder)),
  FileLost: (state, before, row) => atPlace(state, row, (files) => files.map((file) => (file.folder === row.folder && file.file === row.file ? { ...file, lost: row.how } : file))),
};

// ---- what a step of the story changes ----

/** @param {State} state @param {string} name @param {(node: State) => State} change */
function ofNode(state, name, change) {
  const node = state.nodes[name];
  if (node) state.nodes = { ...state.nodes, [name]: { ...node, ...change(node) } };
}

/** @param {State} state @param {string[]} pairs */
function cut(state, pairs) {
  state.cuts = [...new Set([...state.cuts, ...pairs])].sort();
}

/** The links between nodes of different groups, both ways.
 * @param {string[][]} groups */
function between(groups) {
  return groups.flatMap((one) => groups.filter((each) => each !== one).flatMap((other) => one.flatMap((a) => other.map((b) => `${a}>${b}`))));
}

/** @type {Record<string, (state: State, row: Row) => void>} */
const STEPS = {
  Start: (state, { nodes }) => {
    const cluster = state.clusters.length;
    state.clusters = [...state.clusters, { index: 0, teller: "", record: emptyRecord() }];
    for (const name of nodes) ofNode(state, name, () => ({ voters: nodes, cluster }));
  },
  Pause: (state, { fields }) => ofNode(state, fields.node, () => ({ paused: true })),
  Resume: (state, { fields }) => ofNode(state, fields.node, () => ({ paused: false })),
  Cut: (state, { fields }) => cut(state, [`${fields.one}>${fields.other}`, `${fields.other}>${fields.one}`]),
  CutOneWay: (state, { fields }) => cut(state, [`${fields.src}>${fields.dst}`]),
  Split: (state, { fields }) => cut(state, between(fields.groups)),
  Heal: (state) => { state.cuts = []; },
  Hold: (state, { fields }) => { state.held = [...new Set([...state.held, `${fields.src}>${fields.dst}`])].sort(); },
  Release: (state, { fields }) => {
    state.held = state.held.filter((/** @type {string} */ pair) => pair !== `${fields.src}>${fields.dst}`);
  },
  Rewire: (state, { fields: { between: groups, ...fields } }) => {
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)), pairs = between(groups ?? []), { links, wires } = state;
    if (pairs.length) state.wires = { ...wires, ...Object.fromEntries(pairs.map((pair) => [pair, { ...(wires[pair] ?? links), ...given }])) };
    else Object.assign(state, { links: { ...links, ...given }, wires: {} });
  },
  JumpClock: (state, { fields }) =>
    ofNode(state, fields.node, ({ clock }) => ({ clock: { ...clock, offset: clock.offset + fields.by } })),
  Drift: (state, { fields }) => ofNode(state, fields.node, ({ clock }) => ({ clock: { ...clock, drift: fields.parts_per_million } })),
  Zone: (state, { fields }) => ofNode(state, fields.node, ({ clock }) => ({ clock: { ...clock, zone: fields.zone } })),
  SlowDisk: (state, { fields }) => ofNode(state, fields.node, ({ disk }) => ({ disk: { ...disk, factor: fields.factor } })),
  FullDisk: (state, { fields }) => ofNode(state, fields.node, ({ disk }) => ({ disk: { ...disk, full: fields.full } })),
  FailSync: (state, { fields }) => ofNode(state, fields.node, ({ disk }) => ({ disk: { ...disk, failing: true } })),
  Short: (state, { fields }) =>
    ofNode(state, fields.node, ({ short }) => {
      const others = short.filter((/** @type {string} */ each) => each !== fields.of);
      return { short: (fields.short ? [...others, fields.of] : others).sort() };
    }),
  Disturb: (state, { nodes, fields }) =>
    ofNode(state, nodes[0], ({ places }) => {
      const others = without(places, fields.path);
      return { places: !fields.path ? places : fields.trouble === "Well" ? others : { ...others, [fields.path]: fields.trouble } };
    }),
  Wipe: (state, { fields }) =>
    ofNode(state, fields.node, ({ up, role, since, clock, short, places, cluster }) => ({
      ...emptyNode(emptyRecord()), up, role, since, clock, short, places, cluster,
    })),
  Mend: (state) => {
    Object.assign(state, { cuts: [], held: [], links: {}, wires: {} });
    for (const name of Object.keys(state.nodes))
      ofNode(state, name, ({ clock }) => ({
        paused: false, disk: { full: false, factor: 1, failing: false }, clock: { ...clock, drift: 0 }, short: [], places: {},
      }));
  },
};
