// Binary searches in what is in order.

/** The first place at which `found[place] >= value`; the length if there is none.
 * @param {ArrayLike<number>} found @param {number} value */
export function firstFrom(found, value) {
  let low = 0, high = found.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (found[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The number of the last event at or before true time `t`; `times[0]` is before all.
 * @param {import("./types.js").Recorded} run @param {number} t */
export function eventAt(run, t) {
  let low = 0, high = run.count;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (run.times[middle] <= t) low = middle;
    else high = middle - 1;
  }
  return low;
}
