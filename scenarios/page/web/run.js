// A recorded run, ready to be asked: rows, the state after any event, and the lanes of the whole.

import { consequences } from "./causes.js";
import { folded } from "./fold.js";
import { collector } from "./lanes.js";

/** A run out of its facts, whether a file has them all (`decoded`) or they come one by one: `grow` takes in those that came.
 * @param {import("./types.js").Facts} facts @returns {import("./types.js").Recorded} */
export function recorded(facts) {
  const { see, lanes, until } = collector(facts.header.agreed);
  const { fold, state } = folded(facts.header.names, facts.row, see);
  /** @type {import("./types.js").Recorded} */
  const run = { ...facts, names: facts.header.names, state, lanes, end: 0, nth: 0, other: null, ledTo: (seq) => consequences(run, seq), grow };
  function grow() {
    Object.assign(run, facts);
    fold(run.count);
    until(run.times[run.count], run.header.breaks);
    run.end = lanes.end;
  }
  grow();
  return run;
}

/** Two runs beside each other, on one axis of time.
 * @param {import("./types.js").Recorded} one @param {import("./types.js").Recorded} other */
export function besides(one, other) {
  const end = Math.max(one.end, other.end);
  Object.assign(one, { other, end });
  Object.assign(other, { other: one, end, nth: 1 });
}
