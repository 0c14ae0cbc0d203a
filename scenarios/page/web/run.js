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
  const broken = found.header.broken?.seq;
  if (broken && lanes.stops.at(-1) !== broken) lanes.stops.push(broken);
  /** @type {import("./types.js").Recorded} */
  const run = { ...found, names: found.header.names, state, lanes, ledTo: (seq) => consequences(run, seq) };
  return run;
}
