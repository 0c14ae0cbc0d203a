// What led to an event, and what it led to: the parents that `unkindness explain` goes by, recorded with the run.

/** @typedef {import("./types.js").Recorded} Recorded */

/** What led to an event, from the step or the timer that began it to the event itself.
 * @param {Recorded} run @param {number} seq @returns {number[]} */
export function chain(run, seq) {
  const found = [seq];
  for (let at = seq; run.parents[at] && (at === seq || run.kind(at) !== "Stepped"); found.push(at)) at = run.parents[at];
  return found.reverse();
}

/** What an event led to, in order, but no step of the story and what that led to.
 * @param {Recorded} run @param {number} seq @returns {number[]} */
export function consequences(run, seq) {
  const reached = new Uint8Array(run.count + 1), found = [];
  reached[seq] = 1;
  for (let at = seq + 1; at <= run.count; at++) {
    if (!reached[run.parents[at]] || !run.parents[at] || run.kind(at) === "Stepped") continue;
    reached[at] = 1;
    found.push(at);
  }
  return found;
}

/** What is drawn while one asks for causes: the chain and the consequences of the playhead; null if one does not ask.
 * @param {Recorded} run @param {import("./types.js").View} view @returns {{led: number[], all: Set<number>} | null} */
export function asked(run, view) {
  if (view.side !== "causes") return null;
  const led = chain(run, view.seq);
  return { led, all: new Set([...led, ...run.ledTo(view.seq)]) };
}
