// What a restore as of a point in time would read, out of the files that stand there now: the newest backup that had started by then.

import { wallText } from "../clock.js";
import { el } from "../dom.js";
import { stands } from "../fold.js";
import { recordOf } from "../knowledge.js";
import { since } from "../since.js";

/** @typedef {import("../types.js").State} State */

/** For each place: the files that a restore of a database as of wall time `at` reads, in order; places that can be read first, then the newest.
 * @param {State} state @param {string} database @param {number} at */
function readFor(state, database, at) {
  const found = [];
  for (const [place, files] of Object.entries(state.files)) {
    const ours = files.filter((/** @type {State} */ file) => file.database === database && file.started_at <= at), left = ours.filter(stands);
    if (!left.length) continue;
    const last = left.reduce((/** @type {State} */ a, /** @type {State} */ b) => (b.started_at > a.started_at ? b : a));
    const chain = ours.filter((/** @type {State} */ file) => file.folder === last.folder && file.started_at <= last.started_at);
    chain.sort((/** @type {State} */ a, /** @type {State} */ b) => a.started_at - b.started_at);
    const gone = chain.find((/** @type {State} */ file) => file.lost), owner = state.nodes[place.split(":")[0]];
    const cannot = owner && !owner.up ? "The node is down: nothing can be read."
      : gone ? `${gone.file} was ${gone.lost.replace("expired", "let go by the bucket")}: ${gone.lost === "corrupted" ? "who reads it notices, and nothing" : "nothing"} that needs it can be restored.`
        : chain[0].full ? "" : "Its full backup is missing.";
    found.push({ place, last, chain, cannot });
  }
  return found.sort((a, b) => Number(!!a.cannot) - Number(!!b.cannot) || b.last.started_at - a.last.started_at);
}

/** The documents that a restore up to the file of that event gives, if the page was written with them.
 * @param {import("../types.js").Recorded} run @param {number} seq */
function documents({ header: { documents } }, seq) {
  if (!documents) return null;
  const [count, shown, problem] = documents.files[seq] ?? [0, [], "not in this page"];
  return [
    el("p.hint", problem || `${count.toLocaleString("en")} document${count === 1 ? "" : "s"}${count > shown.length ? `; the ${shown.length} newest are in this page` : ""}`),
    el("ul.documents", shown.map((place) => el("li", el("bdi", documents.texts[place])))),
  ];
}

/** @type {import("../types.js").Panel} */
export function restore(state, run, view) {
  const at = Math.min(view.top.restore || state.t, state.t), names = Object.keys(recordOf(state, "").databases);
  return el("section.backups", { "data-key": "restore" },
    el("h2", "Restore"),
    el("label", `As of ${wallText(at)} UTC `,
      el("input.point", { type: "range", "data-key": "point", min: 0, max: state.t, step: 1, value: at, oninput: (/** @type {Event} */ event) =>
        view.set({ top: { ...view.top, restore: Number(/** @type {HTMLInputElement} */ (event.target).value) } }, true) })),
    el("p.hint", "From the files of finished backups that stand there at the playhead. What a run left behind that failed or died is not shown."),
    names.map((name) => {
      const found = readFor(state, name, at);
      return el("article.database", el("h3", el("bdi", name)),
        found.length ? null : el("p.empty", "No backup by then."),
        found.map(({ place, chain, cannot }, rank) => el("section.task", el("b", el("bdi", place)), cannot ? null : rank ? " could be read as well" : " would be read",
          cannot ? el("p.notice", el("bdi", cannot)) : null,
          el("ol", chain.map((/** @type {State} */ file) => el(stands(file) ? "li" : "li.gone", since(view, file.seq, `${file.folder}/${file.file}`)))),
          documents(run, chain.at(-1).seq))));
    }));
}
