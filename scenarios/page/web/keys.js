// What each key does. The list is shown under `?`.

/** @typedef {{keys: string[], shown: string, says: string, act: (app: import("./app.js").App) => void}} Key */

/** @type {Key[]} */
export const KEYS = [
  { keys: [" "], shown: "Space", says: "play, pause", act: (app) => app.play() },
  { keys: ["ArrowRight"], shown: "→", says: "one event on", act: (app) => app.step(1) },
  { keys: ["ArrowLeft"], shown: "←", says: "one event back", act: (app) => app.step(-1) },
  { keys: ["Shift+ArrowRight", "PageDown"], shown: "Shift →", says: "the next interesting event", act: (app) => app.stop(1) },
  { keys: ["Shift+ArrowLeft", "PageUp"], shown: "Shift ←", says: "the interesting event before", act: (app) => app.stop(-1) },
  { keys: ["ArrowDown"], shown: "↓", says: "the next event of this node; in the list of events, of the list", act: (app) => app.along(1) },
  { keys: ["ArrowUp"], shown: "↑", says: "the event before of this node", act: (app) => app.along(-1) },
  { keys: ["Home"], shown: "Home", says: "the first event", act: (app) => app.view.go(1) },
  { keys: ["End"], shown: "End", says: "the last event", act: (app) => app.view.go(app.run.count) },
  { keys: ["["], shown: "[", says: "slower", act: (app) => app.faster(-1) },
  { keys: ["]"], shown: "]", says: "faster", act: (app) => app.faster(1) },
  { keys: ["+", "="], shown: "+", says: "space-time nearer", act: (app) => app.zoom(1.5) },
  { keys: ["-"], shown: "−", says: "space-time farther", act: (app) => app.zoom(1 / 1.5) },
  { keys: ["s"], shown: "s", says: "as seen from the next node", act: (app) => app.seen() },
  { keys: ["e"], shown: "e", says: "what led to this event, and what it led to", act: (app) => app.causes() },
  { keys: ["d"], shown: "d", says: "the same time in the other one of two runs", act: (app) => app.other() },
  { keys: ["g"], shown: "g", says: "go to a time or an event", act: (app) => app.ask() },
  { keys: ["/"], shown: "/", says: "filter the events", act: (app) => app.filter() },
  { keys: ["c"], shown: "c", says: "copy the link to this moment", act: (app) => app.copyLink() },
  { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"], shown: "1 …", says: "the views, in the order of the rail", act: () => {} },
  { keys: ["?"], shown: "?", says: "these keys", act: (app) => app.help() },
  { keys: ["Escape"], shown: "Esc", says: "close, back", act: (app) => app.close() },
];

/** Listen for the keys, unless somebody types.
 * @param {import("./app.js").App} app */
export function listen(app) {
  document.addEventListener("keydown", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches("input, select, textarea") && event.key !== "Escape") return;
    if (/^(ArrowUp|ArrowDown|Page|Home|End)/.test(event.key) && target.closest(".side, .promises, .groups")) return;
    if (event.key === " " && target.matches("button, summary")) return;
    const name = (event.shiftKey && event.key.startsWith("Arrow") ? "Shift+" : "") + event.key;
    const key = KEYS.find((each) => each.keys.includes(name));
    if (!key) return;
    event.preventDefault();
    if (key.keys.includes("1")) app.rail((Number(event.key) + 9) % 10);
    else key.act(app);
  });
}
