// What is always in view: story, verdict, rules, digest, the command to repeat, and as seen from whom.

import { el } from "./dom.js";
import { nameOf } from "./panels/two.js";

/** @typedef {import("./types.js").View} View */

const MARKS = /** @type {Record<string, string>} */ ({ held: "✓", broken: "✕", inconclusive: "?" });

/** @param {import("./types.js").Recorded} run @param {View} view @param {(text: string, what: string) => void} copy @param {() => void} other */
export function header(run, view, copy, other) {
  const { story, seed, verdict, rules, digest, command, lesson, promises, bug, broken, breaks } = run.header;
  const lost = promises.filter(([name]) => breaks.some((each) => each.promise === name)).length, kept = `${promises.length - lost} of ${promises.length}`;
  return el(
    "header.top",
    el("div.line",
      el("h1", el("bdi", story), el("small", `@ seed ${seed}`)),
      el(`span.verdict ${verdict}`, el("span.sign", { "aria-hidden": "true" }, MARKS[verdict] ?? "·"), ` ${verdict} `, el("small", kept)),
      el("span.rules", { title: "The rules that the backups follow" }, rules),
      bug ? el("span.bug", { title: "A bug of the zoo that was planted" }, `bug ${bug}`) : null,
      el("code.digest", { title: `Digest of all events: ${digest}` }, digest.slice(0, 8)),
      el("span.grow"),
      run.other ? el("button", { "data-key": "other", title: "The same time in the other run (d)", onclick: other }, "Other run: ", el("bdi", nameOf(run.other))) : null,
      seenFrom(run, view),
      el("button.copy", { title: command, onclick: () => copy(command, "the command") }, "Copy command")),
    el("p.lesson", el("bdi", lesson)),
    broken ? el("button.broken", { onclick: () => view.go(broken.seq) }, el("b", `${broken.promise}: `), el("bdi", broken.text), breaks.length > 1 ? `, and ${breaks.length - 1} more` : null) : null,
  );
}

/** @param {import("./types.js").Recorded} run @param {View} view */
function seenFrom(run, view) {
  const choices = ["", ...run.names];
  return el(
    "label.from", el("span", "as seen from"),
    el("select", { "data-key": "from", onchange: (/** @type {Event} */ event) => view.set({ from: /** @type {HTMLSelectElement} */ (event.target).value }) },
      choices.map((name) => el("option", { value: name, selected: name === view.from }, name || "everybody"))),
  );
}
