// What is agreed about databases and tasks, folded out of the notes that nodes make when they apply an entry (fold_record.py).

/** @typedef {import("./types.js").Row} Row */
/** @typedef {Record<string, any>} Rec */

/** @returns {Rec} */
export function emptyRecord() {
  return { databases: {}, tasks: {}, server_wide: {} };
}

/** The record after this event; null if the event is none of the record.
 * @param {Rec} record @param {Row} row @returns {Rec | null} */
export function inRecord(record, row) {
  const change = own(RECORD, row.kind);
  return change ? change(record, row) : null;
}

/** @param {Rec} found @param {string} gone @returns {Rec} */
export function without(found, gone) {
  const { [gone]: _, ...kept } = found;
  return kept;
}

/** What a map has under a name of its own: a database may be called `constructor`, which every object seems to have.
 * @template T @param {Record<string, T>} map @param {string} name @returns {T | undefined} */
export function own(map, name) {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

/** The key of a task in maps of a state.
 * @param {Row} row */
export function keyOf(row) {
  return `${row.database}/${row.task}`;
}

const EMPTY = { members: [], promotables: [], rehabs: [], encrypted: false, restoring: false, since: 0 };

/** @param {Rec} record @param {string} name @param {Rec} changes @returns {Rec} */
function ofDatabase(record, name, changes) {
  return { ...record, databases: { ...record.databases, [name]: { ...(own(record.databases, name) ?? EMPTY), ...changes } } };
}

/** @param {Rec} record @param {Row} row @param {Rec} changes @returns {Rec} */
function ofTask(record, row, changes) {
  const key = keyOf(row);
  if (!record.tasks[key]) return record;
  return { ...record, tasks: { ...record.tasks, [key]: { ...record.tasks[key], ...changes } } };
}

const DEFINED = [
  "database", "task", "name", "full", "incremental", "mentor", "pinned", "disabled", "encryption", "keeps", "has_place", "server_wide", "paths", "clouds",
];
const UNDEFINED = {
  owner: "", reason: "", rule: "", owner_since: 0, moves_at: null, postponed: null,
  last_full: null, last_incremental: null, last_node: "", last_seq: 0, error: "", error_at: null,
};

/** @param {Rec} record @param {Row} row @returns {Rec} */
function defined(record, row) {
  const key = keyOf(row), told = Object.fromEntries(DEFINED.map((name) => [name, row[name]]));
  return { ...record, tasks: { ...record.tasks, [key]: { ...(record.tasks[key] ?? UNDEFINED), ...told, type: row.kind_, since: row.seq } } };
}

/** @param {Rec} record @param {Row} row @returns {Rec} */
function removed(record, row) {
  const tasks = Object.entries(record.tasks).filter(([, task]) => task.database !== row.database);
  return { ...record, databases: without(record.databases, row.database), tasks: Object.fromEntries(tasks) };
}

/** @param {Rec} record @param {Row} row @returns {Rec} */
function stored(record, row) {
  if (!row.newest) return record;
  const changes = { last_node: row.node_, last_seq: row.seq, postponed: null, error: row.error };
  if (row.error) return ofTask(record, row, { ...changes, error_at: row.started_at });
  return ofTask(record, row, { ...changes, [row.full ? "last_full" : "last_incremental"]: row.started_at });
}

/** @type {Record<string, (record: Rec, row: Row) => Rec>} */
const RECORD = {
  DatabaseCreated: (record, row) =>
    ofDatabase(record, row.database, { members: row.members, encrypted: row.encrypted, restoring: row.restoring, since: row.seq }),
  DatabaseOpened: (record, row) => ofDatabase(record, row.database, { restoring: false }),
  DatabaseRemoved: removed,
  TopologyChanged: (record, row) =>
    ofDatabase(record, row.database, { members: row.members, promotables: row.promotables, rehabs: row.rehabs }),
  TaskDefined: defined,
  TaskRemoved: (record, row) => ({ ...record, tasks: without(record.tasks, keyOf(row)) }),
  OwnerChanged: (record, row) =>
    ofTask(record, row, { owner: row.owner_after, reason: row.sentence, rule: row.rule, owner_since: row.seq, moves_at: null }),
  MoveAnnounced: (record, row) => ofTask(record, row, { moves_at: row.moves_at }),
  MoveCalledOff: (record, row) => ofTask(record, row, { moves_at: null }),
  BackupPostponed: (record, row) => ofTask(record, row, { postponed: row.until }),
  StatusStored: stored,
  ServerWideDefined: (record, { task, name, excluded, kind_: type, full, incremental, disabled, keeps, paths, clouds, seq }) =>
    ({ ...record, server_wide: { ...record.server_wide, [task]: { task, name, excluded, type, full, incremental, disabled, keeps, paths, clouds, since: seq } } }),
  ServerWideRemoved: (record, row) => ({ ...record, server_wide: without(record.server_wide, row.task) }),
};
