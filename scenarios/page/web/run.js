// A recorded run, ready to be asked: rows, the state after any event, and the lanes of the whole.

import { consequences } from "./causes.js";
import { decoded } from "./decode.js";
import { folded } from "./fold.js";
import { collector } from "./lanes.js";

/** @param {any} data @returns {import("./types.js").Recorded} */
export function recorded(data) {
  const found = decoded(data);
  const { see, lanes } = collector(found.times[found.count], found.header.agreed);
  const state = folded(found.header.names, found.count, found.row, see);
  const nth = (/** @type {string} */ key) => lanes.homes.get(key) ?? 0;
  lanes.tasks = new Map([...lanes.tasks].sort(([one], [other]) => nth(one) - nth(other)));
  lanes.stops = [...new Set([...lanes.stops, ...found.header.breaks.map((each) => each.seq)])].sort((one, other) => one - other);
  /** @type {import("./types.js").Recorded} */
  const run = { ...found, names: found.header.names, state, lanes, end: lanes.end, nth: 0, other: null, ledTo: (seq) => consequences(run, seq) };
  return run;
}

/** Two runs beside each other, on one axis of time.
 * @param {import("./types.js").Recorded} one @param {import("./types.js").Recorded} other */
export function besides(one, other) {
  const end = Math.max(one.end, other.end);
  Object.assign(one, { other, end });
  Object.assign(other, { other: one, end, nth: 1 });
}
