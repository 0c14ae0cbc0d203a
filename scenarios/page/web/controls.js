// The bar below the map: steps in both directions, play, speed, the scrubber, the time.

import { clockText } from "./clock.js";
import { draw, el } from "./dom.js";

const SHAPES = /** @type {Record<string, string>} */ ({
  first: "M3 2V12M12 2L5 7L12 12Z", stopback: "M7 2L1 7L7 12ZM13 2L7 7L13 12Z", back: "M10 2L4 7L10 12Z", play: "M4 2L12 7L4 12Z", pause: "M4 2V12M10 2V12",
  on: "M4 2L10 7L4 12Z", stopon: "M1 2L7 7L1 12ZM7 2L13 7L7 12Z", last: "M11 2V12M2 2L9 7L2 12Z",
});

/** @param {import("./app.js").App} app */
export function controls(app) {
  const { run, view } = app;
  /** @param {string} name @param {string} shown @param {string} says @param {() => void} act */
  const button = (name, shown, says, act) => el("button", { "data-key": name, title: says, "aria-label": says, onclick: act },
    SHAPES[shown] ? draw("svg", { width: 14, height: 14, "aria-hidden": "true" }, draw("path", { d: SHAPES[shown] })) : shown);
  return el(
    "div.controls", { role: "toolbar", "aria-label": "Time" },
    button("first", "first", "the first event (Home)", () => view.go(1)),
    button("stopback", "stopback", "the interesting event before (Shift ←)", () => app.stop(-1)),
    button("back", "back", "one event back (←)", () => app.step(-1)),
    button("play", app.playing ? "pause" : "play", app.playing ? "pause (Space)" : "play (Space)", () => app.play()),
    button("on", "on", "one event on (→)", () => app.step(1)),
    button("stopon", "stopon", "the next interesting event (Shift →)", () => app.stop(1)),
    button("last", "last", "the last event (End)", () => view.go(run.count)),
    button("speed", `${app.speed}×`, `${app.speed}×: faster ( [ and ] )`, () => app.faster(1)),
    el("input", {
      type: "range", class: "scrubber", "data-key": "scrubber", min: 1, max: run.count, value: view.seq, "aria-label": "Event",
      "aria-valuetext": `event ${view.seq}: ${run.text(view.seq)}`,
      oninput: (/** @type {Event} */ event) => view.go(Number(/** @type {HTMLInputElement} */ (event.target).value)),
    }),
    el("output.clock", clockText(run.times[view.seq])),
    el("span.count", `event ${view.seq.toLocaleString("en")} of ${run.count.toLocaleString("en")}`),
    button("help", "?", "keys (?)", () => app.help()),
  );
}
