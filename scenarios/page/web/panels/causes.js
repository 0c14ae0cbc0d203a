// Cause and consequence of the event at the playhead, as `unkindness explain` tells them. Beside it the diagram fades the rest.

import { chain } from "../causes.js";
import { clockText } from "../clock.js";
import { el } from "../dom.js";

/** @typedef {import("../types.js").Recorded} Recorded */
/** @typedef {import("../types.js").View} View */

const MOST = 60;

/** @type {import("../types.js").Panel} */
export function causes(state, run, view) {
  const led = chain(run, view.seq).slice(0, -1), after = run.ledTo(view.seq), loud = after.filter((seq) => run.weights[seq]);
  const guessed = [...led, view.seq].filter((seq) => run.parents[seq] !== run.row(seq).cause);
  /** @param {number[]} found */
  const list = (found) => el("ol", found.map((seq) => el("li", event(run, view, seq, guessed.includes(seq)))));
  const beginning = run.kind(view.seq) === "Stepped" ? "The story." : "Nothing: it began here.";
  return el(
    "section.causes", { "data-key": "causes", tabindex: 0, role: "region", "aria-label": "Causes" },
    el("h2", "Cause and consequence"),
    el("h4", "What led to it"), led.length ? list(led) : el("p.hint", beginning),
    el("h4", "This event"), event(run, view, view.seq, guessed.includes(view.seq)),
    guessed.length ? el("p.hint", "~ The trace names no cause of this one: the nearest event that could have led to it stands before it.") : null,
    el("h4", "What it led to"), loud.length ? list(loud.slice(0, MOST)) : null,
    el("p.hint", !after.length ? "Nothing." : after.length > Math.min(loud.length, MOST)
      ? `And ${(after.length - Math.min(loud.length, MOST)).toLocaleString("en")} more, mostly messages and writes on the way.` : ""),
  );
}

/** @param {Recorded} run @param {View} view @param {number} seq @param {boolean} guess */
function event(run, view, seq, guess) {
  return el(
    `button.event cause${seq === view.seq ? " here" : ""}`, { "data-key": `cause-${seq}`, onclick: () => view.go(seq) },
    el("span.number", `${guess ? "~ " : ""}${seq}`), el("span.time", clockText(run.times[seq])),
    el("bdi.node", run.node(seq)), el("bdi.text", run.text(seq)),
  );
}
