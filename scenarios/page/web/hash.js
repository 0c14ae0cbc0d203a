// The address's hash is what the reader has chosen: moment, as seen from whom, panels, filter. A copied link opens there.

/** @typedef {import("./types.js").Choice} Choice */

/** @param {Choice} choice @param {import("./types.js").Recorded} run @returns {string} */
export function hashOf(choice, run) {
  const words = new URLSearchParams({ e: String(choice.seq) });
  if (choice.run) words.set("run", "2");
  if (choice.from) words.set("from", choice.from);
  words.set("see", choice.middle);
  words.set("beside", choice.side);
  if (choice.filter) words.set("filter", choice.filter);
  return `#${words}`;
}

/** What the hash says, as far as it can be: an unknown node or panel is left out, a number is moved into the run.
 * @param {string} hash @param {import("./types.js").Recorded[]} runs @param {string[]} middles @param {string[]} sides @returns {Partial<Choice>} */
export function choiceOf(hash, runs, middles, sides) {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  /** @type {Partial<Choice>} */
  const chosen = { run: words.get("run") === "2" ? runs.length - 1 : 0 }, run = runs[chosen.run ?? 0];
  const seq = Number(words.get("e"));
  if (words.has("e") && Number.isInteger(seq)) chosen.seq = Math.min(run.count, Math.max(1, seq));
  const from = words.get("from"), see = words.get("see"), beside = words.get("beside");
  if (from && run.names.includes(from)) chosen.from = from;
  if (see && middles.includes(see)) chosen.middle = see;
  if (beside && sides.includes(beside)) chosen.side = beside;
  chosen.filter = words.get("filter") ?? "";
  return chosen;
}

/** The moment at which a page opens whose hash names none: where the promise broke, else the last event.
 * @param {import("./types.js").Recorded} run */
export function firstMoment(run) {
  return run.header.broken?.seq ?? run.count;
}
