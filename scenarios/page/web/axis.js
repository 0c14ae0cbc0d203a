// The axis of the space-time diagram. Something always happens on it: a pause of hours takes a little more room than one of
// milliseconds, and says how long it was. Rounds in which nothing new is told (somebody asks in vain, every minute of a night) take
// less and less.

import { eventAt } from "./search.js";

/** @typedef {import("./types.js").Recorded} Recorded */

/** From this many µs on, a pause is marked with its length. */
export const PAUSE = 1e6;

/** The place of each event, in pixels at zoom 1; place 0 is the start of the run.
 * @param {Recorded} run @returns {Float64Array} */
export function axisOf(run) {
  const axis = new Float64Array(run.count + 1);
  let rounds = 0;
  for (let seq = 1; seq <= run.count; seq++) {
    const passed = run.times[seq] - run.times[seq - 1];
    if (run.weights[seq] || run.weights[seq - 1]) rounds = 0;
    else if (passed >= PAUSE) rounds++;
    const step = passed ? 2 + Math.min(34, 4.5 * Math.log10(1 + passed / 1000)) : run.weights[seq] ? 5 : 1.5;
    axis[seq] = axis[seq - 1] + (rounds > 1 ? step / (1 + rounds / 3) : step);
  }
  return axis;
}

/** The place of true time `t`.
 * @param {Recorded} run @param {Float64Array} axis @param {number} t @returns {number} */
export function placeOf(run, axis, t) {
  const before = eventAt(run, t);
  if (before === run.count || run.times[before] === t) return axis[before];
  const passed = (t - run.times[before]) / (run.times[before + 1] - run.times[before]);
  return axis[before] + passed * (axis[before + 1] - axis[before]);
}
