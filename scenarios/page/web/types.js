// What the modules of the page hand to each other.

/** A flat row of facts about one event. Beside these fields it has those of its kind.
 * @typedef {{seq: number, t: number, node: string, kind: string, cause: number, parent: number, weight: number, text: string} & Record<string, any>} Row */

/** A promise that broke, at which event and how.
 * @typedef {{seq: number, promise: string, text: string}} Break */

/** Story, seed, verdict, digest, command, nodes, promises, and the promise that broke.
 * @typedef {{story: string, lesson: string, seed: number, rules: string, bug: string, verdict: string, digest: string, command: string,
 *   version: string, names: string[], events: number, agreed: string[], backups: Record<string, number>, promises: [string, string][],
 *   broken: Break | null, breaks: Break[], due: Record<string, [number, number, number?][]>, gaps: Gap[], why: Record<string, [string, string]>,
 *   compared?: {seq: number, fields: string[], until: number, backups: string[][]},
 *   documents?: {texts: string[], files: Record<string, [number, number[], string]>}}} Header `due`: wall µs, 1 for a full, and if it
 *   never came due, when the definition ended by which it was to come */

/** Occurrences of a task that no run covered, in wall µs, and why: a sentence and its rule, or nothing.
 * @typedef {{key: string, first: number, last: number, count: number, covered: number | null, why: string[]}} Gap */

/** The state after one event; fold.js says what it holds.
 * @typedef {Record<string, any>} State */

/** One backup from its start to its report; lanes.js.
 * @typedef {{node: string, database: string, task: number, key: string, seq: number, t: number, full: boolean, occurrence: number, folder: string,
 *   startedAt: number, end: string, endSeq: number, until: number, reported: number, waits: number, late: boolean}} Run */

/** What is known of a run, by the number of an event; place 0 of `times`, `weights` and `parents` is before all. Whoever has a new
 * event puts it in, raises `count` and calls `grow` of the run; what was there stays.
 * @typedef {{header: Header, count: number, times: ArrayLike<number>, weights: ArrayLike<number>, parents: ArrayLike<number>,
 *   row: (seq: number) => Row, text: (seq: number) => string, node: (seq: number) => string, kind: (seq: number) => string}} Facts */

/** A run: what panels may ask.
 * @typedef {Facts & {names: string[], state: (seq: number) => State, ledTo: (seq: number) => number[], grow: () => void,
 *   lanes: import("./lanes.js").Lanes, end: number, nth: number, other: Recorded | null}} Recorded `end`: of the axis of time; `nth`: 1 for the second one of two runs */

/** What the reader has chosen; all of it is in the address.
 * @typedef {{run: number, seq: number, from: string, middle: string, side: string, filter: string, zoom: number, width: number, height: number,
 *   top: Record<string, number>}} Choice */

/** A choice, and how to change it.
 * @typedef {Choice & {go: (seq: number) => void, set: (changes: Partial<Choice>, quietly?: boolean) => void}} View */

/** A panel: a pure function of state, run and view. `width` and `height` of the view are the room it has, in pixels.
 * @typedef {(state: State, run: Recorded, view: View) => Node} Panel */

export {};
