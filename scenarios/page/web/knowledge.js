// What a node knows, beside what is so. "Everybody" is the record as it was agreed, and each node's own runs.

/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").Recorded} Recorded */

/** The records as `from` believes its own; those that each cluster has agreed for everybody.
 * @param {State} state @param {string} from @returns {State[]} */
export function recordsOf(state, from) {
  return from ? [state.nodes[from].record] : state.clusters.map((/** @type {State} */ each) => each.record);
}

/** The same as one: a database of a further cluster is named with its cluster, so that no name is two things'.
 * @param {State} state @param {string} from @returns {State} */
export function recordOf(state, from) {
  const found = recordsOf(state, from);
  return found.length === 1 ? found[0] : found.reduce((one, other) => ({ databases: { ...one.databases, ...other.databases }, tasks: { ...one.tasks, ...other.tasks } }), { databases: {}, tasks: {} });
}

/** The wall clock by which `from` tells the time, in µs; true time for everybody.
 * @param {State} state @param {string} from @returns {number} */
export function wallOf(state, from) {
  return state.t + (from ? state.nodes[from].clock.offset : 0);
}

/** The time zone in which `from` tells the time.
 * @param {State} state @param {string} from @returns {string} */
export function zoneOf(state, from) {
  return from ? state.nodes[from].clock.zone : "UTC";
}

/** The nodes whose own runs, plans and waiting reports are known.
 * @param {State} state @param {string} from @returns {string[]} */
export function knownNodes(state, from) {
  return from ? [from] : Object.keys(state.nodes);
}

/** Who believes whom to be responsible for a task: owner, and the nodes that say so; the agreed one first.
 * @param {State} state @param {string} key @returns {{owner: string, by: string[]}[]} */
export function beliefs(state, key) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  const agreed = recordOf(state, "").tasks[key]?.owner ?? "";
  found.set(agreed, []);
  for (const [name, node] of Object.entries(state.nodes)) {
    const task = node.record.tasks[key];
    if (task) found.set(task.owner, [...(found.get(task.owner) ?? []), name]);
  }
  return [...found].map(([owner, by]) => ({ owner, by }));
}

/** The newest run of each kind that ended well by now, as `from` knows it: its own runs, and what the record says of others.
 * @param {State} state @param {Recorded} run @param {string} from @param {string} key */
export function lastRuns(state, run, from, key) {
  const task = recordOf(state, from).tasks[key];
  let full = task.last_full, incremental = task.last_incremental, node = task.last_node;
  for (const each of run.lanes.runs) {
    if (each.seq > state.seq) break;
    if (each.key !== key || !each.endSeq || each.endSeq > state.seq || (from && each.node !== from)) continue;
    if (each.end !== "finished" && each.end !== "nothing new") continue;
    if (each.startedAt >= Math.max(full ?? -1, incremental ?? -1)) node = each.node;
    if (each.full) full = Math.max(full ?? -1, each.startedAt);
    else incremental = Math.max(incremental ?? -1, each.startedAt);
  }
  return { full, incremental, node };
}
