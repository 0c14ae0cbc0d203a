// The page: it reads the recording, keeps what the reader has chosen, and draws what has changed.

import { controls } from "./controls.js";
import { decoded, embedded } from "./decode.js";
import { el, replace } from "./dom.js";
import { choiceOf, firstMoment, hashOf } from "./hash.js";
import { header } from "./header.js";
import { KEYS, listen } from "./keys.js";
import { PANELS } from "./panels/registry.js";
import { followed, strideTo, zoomed } from "./panels/spacetime.js";
import { besides, recorded } from "./run.js";
import { eventAt, firstFrom } from "./search.js";
import { scale, strip, stripHeight } from "./strip.js";

/** @typedef {import("./types.js").Recorded} Recorded */
/** @typedef {import("./types.js").View} View */
/** @typedef {import("./types.js").Choice} Choice */

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];

export class App {
  /** @param {Recorded} run @param {HTMLElement} host */
  constructor(run, host) {
    this.runs = run.other ? [run, run.other] : [run];
    this.list = PANELS.filter((each) => !each.compared || run.other);
    this.playing = 0;
    this.speed = 1;
    this.saying = this.saving = this.hiding = 0;
    this.shown = this.mapFor = "";
    /** @type {number | undefined} */
    this.wanted = undefined;
    const middles = this.list.filter((each) => each.place === "middle").map((each) => each.name);
    const sides = this.list.filter((each) => each.place === "side").map((each) => each.name);
    this.panels = { middles, sides };
    /** @type {View} */
    this.view = {
      run: 0, seq: firstMoment(run), from: "", middle: middles[0], side: sides[0], filter: "", zoom: 1, width: 0, height: 0, top: {},
      ...choiceOf(location.hash, this.runs, middles, sides),
      go: (seq) => this.go(seq), set: (changes, quietly) => this.set(changes, quietly),
    };
    this.regions = { top: el("div.region-top"), rail: el("nav.rail", { "aria-label": "Views" }), middle: el("main.middle"),
      side: el("aside.side"), map: el("div.map"), playhead: el("div.now", { "aria-hidden": "true" }), bar: el("footer.bar") };
    this.live = el("p.live", { "aria-live": "polite" });
    this.toast = el("p.toast", { role: "status", hidden: true });
    this.dialog = el("dialog.help", { "aria-label": "Keys" });
    const { top, rail, middle, side, map, bar } = this.regions;
    host.replaceChildren(top, rail, middle, side, map, bar, this.live, this.toast, this.dialog);
    listen(this);
    addEventListener("hashchange", () => { if (location.hash !== this.shown) this.set(choiceOf(location.hash, this.runs, middles, sides)); });
    new ResizeObserver(() => this.draw()).observe(host);
  }

  get run() { return this.runs[this.view.run]; }

  /** More of the run is known: who stands at the last event goes along. */
  grown() {
    const { run, view } = this, last = view.seq === run.count;
    run.grow();
    this.set(last ? { seq: run.count } : {}, true);
  }

  /** The same time in the other one of two runs. */
  other() {
    const nth = (this.view.run + 1) % this.runs.length;
    this.set({ run: nth, seq: Math.max(1, eventAt(this.runs[nth], this.run.times[this.view.seq])) });
  }

  /** Go to an event. @param {number} seq */
  go(seq) {
    this.set({ seq: Math.max(1, Math.min(this.run.count, Math.round(seq))) });
  }

  /** Change what is chosen, and draw. `quietly`: only scrolling, which neither the address nor the screen reader needs.
   * @param {Partial<Choice>} changes @param {boolean} [quietly] */
  set(changes, quietly) {
    const { seq, from, run } = this.view;
    Object.assign(this.view, changes);
    if (run !== this.view.run) {
      this.view.top = {};
      this.mapFor = "";
      if (!this.run.names.includes(this.view.from)) this.view.from = "";
    }
    if (seq !== this.view.seq) {
      const { events: _, ...top } = this.view.top;
      this.view.top = top;
      const room = this.roomOf(this.regions.middle);
      this.view.top = { ...top, space: followed(this.run, { ...this.view, ...room }) };
      this.announce();
    }
    if (from !== this.view.from) this.mapFor = "";
    if (!quietly) this.remember();
    this.wanted ??= requestAnimationFrame(() => { this.wanted = undefined; this.draw(); });
  }

  /** Put what is chosen into the address. */
  address() { location.hash = this.shown = hashOf(this.view, this.run); }

  /** The same, not more often than a few times a second. */
  remember() {
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.address(), this.playing ? 1000 : 150);
  }

  /** Tell a screen reader the event stepped to. */
  announce() {
    if (this.playing) return;
    clearTimeout(this.saying);
    const { run, view } = this;
    this.saying = setTimeout(() => { this.live.textContent = `Event ${view.seq}: ${run.node(view.seq)} ${run.text(view.seq)}`; }, 120);
  }

  /** @param {HTMLElement} region */
  roomOf(region) {
    return { width: Math.max(120, region.clientWidth), height: Math.max(120, region.clientHeight) };
  }

  /** Draw everything as of the playhead. */
  draw() {
    const { run, view, regions } = this, state = run.state(view.seq);
    document.documentElement.dataset.from = view.from ? String(run.names.indexOf(view.from) % 6) : "";
    replace(regions.top, header(run, view, (text, what) => this.copy(text, what), () => this.other()));
    replace(regions.rail, this.railOf());
    this.drawMap();
    replace(regions.bar, controls(this));
    const rooms = [regions.middle, regions.side].map((each) => ({ region: each, room: this.roomOf(each) })); // measured once, before what moves it
    [view.middle, view.side].forEach((name, nth) => {
      const panel = this.list.find((each) => each.name === name) ?? this.list[0];
      rooms[nth].region.setAttribute("aria-label", panel.title);
      replace(rooms[nth].region, panel.draw(state, run, { ...view, ...rooms[nth].room }));
    });
    document.title = `${run.header.story}@${run.header.seed} · ${view.seq}`;
  }

  drawMap() {
    const { run, view, regions } = this, width = Math.max(200, regions.map.clientWidth), wanted = `${width}|${view.from}|${run.count}`;
    if (this.mapFor !== wanted) {
      this.mapFor = wanted;
      regions.map.replaceChildren(strip(run, width, view), regions.playhead);
      regions.map.style.height = `${stripHeight(run)}px`;
    }
    regions.playhead.style.transform = `translateX(${scale(run, width)(run.times[view.seq])}px)`;
  }

  railOf() {
    const { view } = this, list = el("ul");
    this.list.forEach((panel, place) => {
      const on = view[panel.place] === panel.name;
      list.append(el("li", el("button", { "data-key": `rail-${panel.name}`, "aria-pressed": String(on), onclick: () => this.rail(place) },
        el("span", panel.title), el("kbd", place < 10 ? (place + 1) % 10 : ""))));
    });
    return list;
  }

  /** Show the panel at this place of the rail. @param {number} place */
  rail(place) {
    const panel = this.list[place];
    if (panel) this.set({ [panel.place]: panel.name });
  }

  /** @param {number} by */
  step(by) { this.pause(); this.go(this.view.seq + by); }

  /** To the next interesting event in a direction. @param {number} by */
  stop(by) {
    this.pause();
    const { stops } = this.run.lanes, place = firstFrom(stops, by > 0 ? this.view.seq + 1 : this.view.seq) + (by > 0 ? 0 : -1);
    this.go(stops[place] ?? (by > 0 ? this.run.count : 1));
  }

  /** To the next event of the same node in a direction. @param {number} by */
  along(by) {
    this.pause();
    const { run, view } = this, node = run.node(view.seq);
    for (let seq = view.seq + by; seq >= 1 && seq <= run.count; seq += by) if (run.node(seq) === node) return this.go(seq);
  }

  /** Ask for causes, or no longer. */
  causes() { this.set({ side: this.view.side === "causes" ? this.panels.sides[0] : "causes" }); }

  /** @param {number} by */
  faster(by) {
    const place = SPEEDS.indexOf(this.speed) + by;
    this.speed = SPEEDS[(place + SPEEDS.length) % SPEEDS.length];
    this.set({}, true);
  }

  /** @param {number} factor */
  zoom(factor) {
    const { run, view } = this, room = this.roomOf(this.regions.middle);
    const { space: _, ...top } = view.top;
    this.set({ zoom: zoomed(run, { ...view, ...room }, factor), top }, true);
  }

  /** Play from here, or pause. With reduced motion it steps from one interesting event to the next, one a second. */
  play() {
    if (this.playing) return this.pause();
    if (this.view.seq >= this.run.count) this.go(1);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let before = performance.now(), gone = 0;
    /** @param {number} now */
    const frame = (now) => {
      gone += ((now - before) / 1000) * this.speed * (calm ? 1 : 60);
      before = now;
      let seq = this.view.seq;
      while (seq < this.run.count) {
        const stride = calm ? 1 : strideTo(this.run, seq + 1);
        if (gone < stride) break;
        gone -= stride;
        seq = calm ? this.run.lanes.stops[firstFrom(this.run.lanes.stops, seq + 1)] ?? this.run.count : seq + 1;
      }
      if (seq !== this.view.seq) this.go(seq);
      if (seq >= this.run.count) return this.pause();
      this.playing = requestAnimationFrame(frame);
    };
    this.playing = requestAnimationFrame(frame);
    this.set({}, true);
  }

  pause() {
    if (!this.playing) return;
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    this.announce();
    this.set({});
  }

  /** As seen from the next node, and after the last one from everybody. */
  seen() {
    const all = ["", ...this.run.names];
    this.set({ from: all[(all.indexOf(this.view.from) + 1) % all.length] });
  }

  filter() {
    this.set({ side: "events" });
    requestAnimationFrame(() => /** @type {HTMLElement | null} */ (this.regions.side.querySelector("input"))?.focus());
  }

  copyLink() { this.address(); this.copy(location.href, "the link to this moment"); }

  /** @param {string} text @param {string} what */
  async copy(text, what) {
    try {
      await navigator.clipboard.writeText(text);
      this.say(`Copied ${what}.`);
    } catch {
      this.say(`Your browser does not let a page copy ${what}. Here it is: ${text}`);
    }
  }

  /** @param {string} text */
  say(text) {
    this.toast.textContent = text;
    this.toast.hidden = false;
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => { this.toast.hidden = true; }, 4000);
  }

  /** Ask for a time or an event, and go there. */
  ask() {
    const field = el("input", { type: "text", "aria-label": "A time or an event", placeholder: "02:30:00, or 412" });
    this.open(el("form", { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); if (this.toPlace(field.value)) this.close(); } },
      el("h2", "Go to"), field, el("button", "Go")));
    field.focus();
  }

  /** @param {string} text */
  toPlace(text) {
    const number = /^#?(\d+)$/.exec(text.trim()), time = /^(?:(\d+)d\s+)?(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?$/.exec(text.trim());
    if (number && Number(number[1]) >= 1 && Number(number[1]) <= this.run.count) this.go(Number(number[1]));
    else if (time) {
      const t = (Number(time[1] ?? 0) * 86400 + Number(time[2]) * 3600 + Number(time[3]) * 60 + Number(time[4] ?? 0)) * 1e6;
      this.go(Math.max(1, firstFrom(this.run.times, t + 1) - 1));
    } else {
      this.say(`${text || "Nothing"} is no time and no event of this run: write 02:30:00, or a number from 1 to ${this.run.count}.`);
      return false;
    }
    return true;
  }

  help() {
    this.open(el("div", el("h2", "Keys"),
      el("dl", KEYS.map((key) => el("div", el("dt", el("kbd", key.shown)), el("dd", key.says)))),
      el("button", { onclick: () => this.close() }, "Close")));
  }

  /** @param {Node} content */
  open(content) {
    this.dialog.replaceChildren(content);
    if (!this.dialog.open) this.dialog.showModal();
  }

  close() { if (this.dialog.open) this.dialog.close(); }
}

/** Open the page: the one thing that runs. */
export async function start() {
  const host = /** @type {HTMLElement} */ (document.getElementById("page"));
  try {
    const run = recorded(decoded(await embedded("recording")));
    if (!run.count) throw new Error("the run has no event");
    if (document.getElementById("other")) besides(run, recorded(decoded(await embedded("other"))));
    const app = new App(run, host);
    app.draw();
    performance.mark("ready");
    Object.assign(window, { app });
  } catch (error) {
    host.replaceChildren(el("p.empty", `This file cannot be shown (${error instanceof Error ? error.message : error}). Write it anew: unkindness run … --html.`));
    throw error;
  }
}
