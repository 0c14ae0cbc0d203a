// Elements from a name, attributes and children. Text is always text: no function here reads markup.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | false | Record<string, any>} Part */

/** @param {(tag: string) => Element} make @param {string} name @param {(Part | Part[])[]} parts @returns {any} */
function made(make, name, parts) {
  const dot = name.indexOf("."), element = make(dot < 0 ? name : name.slice(0, dot));
  if (dot > 0) element.setAttribute("class", name.slice(dot + 1));
  for (const part of parts.flat()) {
    if (part === null || part === undefined || part === false) continue;
    if (part instanceof Node) element.append(part);
    else if (typeof part === "object") fill(element, part);
    else element.append(String(part));
  }
  return element;
}

/** @param {Element} element @param {Record<string, any>} attributes */
function fill(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "title" && element instanceof SVGElement) element.append(draw("title", value));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** An element of HTML: its tag, with its classes after a dot (`p.hint`); then attributes and children. An attribute that begins with
 * `on` is a listener. `data-key` names it across redraws, for focus and scrolling.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K | `${K}.${string}`} name @param {...(Part | Part[])} parts @returns {HTMLElementTagNameMap[K]} */
export function el(name, ...parts) {
  return made((tag) => document.createElement(tag), name, parts);
}

/** An element of SVG, likewise. Its `title` is what a pointer that rests on it is told.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K | `${K}.${string}`} name @param {...(Part | Part[])} parts @returns {SVGElementTagNameMap[K]} */
export function draw(name, ...parts) {
  return made((tag) => document.createElementNS(SVG, tag), name, parts);
}

/** Shapes that a click follows to an event and a pointer that rests on them asks about.
 * @param {string} kind their classes @param {number} seq @param {string} title @param {...(Part | Part[])} shapes */
export function mark(kind, seq, title, ...shapes) {
  return draw(`g.${kind}`, { "data-seq": seq, title }, ...shapes);
}

/** The text, and `…` in place of its end if it is wider than so many letters; capitals and letters of Asia are wide.
 * @param {string} text @param {number} most */
export function clipped(text, most) {
  let wide = 0, kept = 0;
  for (const each of text) {
    wide += each > "\u10ff" ? 2 : /[A-Z]/.test(each) ? 1.3 : 1;
    if (wide < most) kept += each.length;
    if (wide > most) return `${text.slice(0, kept)}…`;
  }
  return text;
}

/** The class with the colour of a node: there are six.
 * @param {string[]} names @param {string} node */
export function colorOf(names, node) {
  return `n${names.indexOf(node) % 6}`;
}

/** The event that a click was meant for: `data-seq` of what was hit, or of what that is part of; 0 if there is none.
 * @param {Event} click */
export function clickedSeq(click) {
  return Number(/** @type {Element} */ (click.target).closest("[data-seq]")?.getAttribute("data-seq") ?? 0);
}

/** What a click does where shapes are marks: it goes to the event of the one that was hit.
 * @param {import("./types.js").View} view @returns {(click: Event) => void} */
export function following(view) {
  return (click) => { if (clickedSeq(click)) view.go(clickedSeq(click)); };
}

/** Replace what is in `host`; what has a `data-key` keeps its focus, its selection and its scroll position;
 * what says `data-scroll` is scrolled there.
 * @param {Element} host @param {Node} fresh */
export function replace(host, fresh) {
  const focused = document.activeElement;
  const key = focused && host.contains(focused) ? focused.getAttribute("data-key") : null;
  const caret = focused instanceof HTMLInputElement ? focused.selectionStart : null;
  /** @type {Record<string, number>} */
  const scrolled = {};
  for (const each of host.querySelectorAll("[data-key]"))
    if (each.scrollTop) scrolled[each.getAttribute("data-key") ?? ""] = each.scrollTop;
  host.replaceChildren(fresh);
  for (const each of host.querySelectorAll("[data-key]")) {
    const name = each.getAttribute("data-key") ?? "";
    const wanted = each.getAttribute("data-scroll");
    if (wanted !== null) each.scrollTop = Number(wanted);
    else if (scrolled[name]) each.scrollTop = scrolled[name];
    if (name === key && each instanceof HTMLElement) {
      each.focus({ preventScroll: true });
      if (each instanceof HTMLInputElement && caret !== null) each.setSelectionRange(caret, caret);
    }
  }
}
