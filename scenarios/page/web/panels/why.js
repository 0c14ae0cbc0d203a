// Why the runs at the playhead began, and why others did not: the sentences of `unkindness why`, written when the page was.

import { clockText, wallText } from "../clock.js";
import { el } from "../dom.js";
import { keyOf } from "../fold_record.js";
import { taskName } from "../lanes.js";
import { eventAt } from "../search.js";
import { recordOf } from "../knowledge.js";
import { since } from "../since.js";

/** @type {import("../types.js").Panel} */
export function why(state, run, view) {
  const begun = run.lanes.runs.filter((each) => each.seq <= view.seq && (!view.from || each.node === view.from)).slice(-6).reverse();
  const gaps = run.header.gaps.filter((gap) => gap.first <= state.t);
  const tasks = Object.values(recordOf(state, view.from).tasks);
  const go = (/** @type {number} */ seq, /** @type {string} */ words) => since(view, seq, words);
  const card = (/** @type {number} */ seq, /** @type {string} */ head, /** @type {string[]} */ [says, rule], /** @type {(Node | null)[]} */ more) =>
    el(`section.task${seq === view.seq ? " here" : ""}`, go(seq, head), el("p", el("bdi", says ?? "Ask unkindness why."), rule ? el("small", ` rule ${rule}`) : null), more);
  return el("section.backups", { "data-key": "why" },
    el("h2", "Why"),
    el("h4", "Last runs"),
    begun.length ? begun.map((each) => card(each.seq, `${clockText(each.t)} ${each.node}, ${taskName(run, each.key)}`, run.header.why[each.seq] ?? [run.text(each.seq)], [
      each.endSeq && each.endSeq <= view.seq ? el("p", go(each.endSeq, each.end)) : null,
      each.waits && each.waits <= view.seq ? el("p", go(each.waits, run.text(each.waits))) : null])) : el("p.empty", "None by now."),
    el("h4", "Who is responsible"),
    tasks.map((each) => el("p", go(each.owner_since || each.since, `${taskName(run, keyOf(each))}: ${each.owner || "nobody"}`), each.reason ? ` (${each.reason})` : "", each.rule ? el("small", ` rule ${each.rule}`) : null)),
    el("h4", "Not covered"),
    gaps.length ? gaps.slice(-20).map((gap) => card(eventAt(run, gap.first) || 1, `${wallText(gap.first)}, ${gap.count} of ${taskName(run, gap.key)}`, gap.why, [])) : el("p.empty", "None by now."));
}
