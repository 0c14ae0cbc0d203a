// Elements from a name, attributes and children. Text is always text: no function here reads markup.

const SVG = "http://www.w3.org/2000/svg";

/** @type {WeakMap<EventTarget, Record<string, (event: Event) => void>>} what an element does, by the type of the event */
const ACTS = new WeakMap();

/** @param {Event} event */
const act = (event) => ACTS.get(/** @type {EventTarget} */ (event.currentTarget))?.[event.type]?.(event);

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
    if (name.startsWith("on")) {
      ACTS.set(element, { ...ACTS.get(element), [name.slice(2)]: value });
      element.addEventListener(name.slice(2), act);
    }
    else if (name === "title" && element instanceof SVGElement) element.append(draw("title", value));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** An element of HTML: its tag, with its classes after a dot (`p.hint`); then attributes and children. An attribute that begins with
 * `on` is a listener. `data-key` says which thing it is, across redraws.
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

/** A picture, which one sentence tells to who cannot see it; what is in it is told by the list of events.
 * @param {string} says @param {number} width @param {number} height @param {Record<string, any>} more attributes
 * @param {...(Part | Part[])} shapes */
export function picture(says, width, height, more, ...shapes) {
  return draw("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": says, ...more }, draw("g", { "aria-hidden": "true" }, ...shapes));
}

/** Shapes that a click follows to an event and a pointer that rests on them asks about.
 * @param {string} kind their classes @param {number} seq @param {string} title @param {...(Part | Part[])} shapes */
export function mark(kind, seq, title, ...shapes) {
  return draw(`g.${kind}`, { "data-seq": seq, title }, ...shapes);
}

/** The text, and `…` in place of its end if it is wider than so many letters; capitals, digits and letters of Asia are wide.
 * @param {string} text @param {number} most */
export function clipped(text, most) {
  let wide = 0, kept = 0;
  for (const each of text) {
    wide += each > "\u10ff" ? 2 : /[A-Z]/.test(each) ? 1.3 : /\d/.test(each) ? 1.16 : 1;
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

/** Make what is in `host` like `fresh`, and keep every element that can stay: what is dragged, pressed, focused, selected or scrolled
 * stays in hand, and a screen reader keeps its place. What has another `data-key` is another thing; what says `data-scroll` is
 * scrolled there.
 * @param {Element} host @param {Node} fresh */
export function replace(host, fresh) {
  const key = host.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
  if (host.firstChild) patch(host.firstChild, fresh);
  else host.append(fresh);
  for (const each of host.querySelectorAll("[data-scroll]")) each.scrollTop = Number(each.getAttribute("data-scroll"));
  if (key && !host.contains(document.activeElement)) /** @type {HTMLElement | null} */ (host.querySelector(`[data-key="${key}"]`))?.focus({ preventScroll: true });
}

/** @param {Node} old @param {any} fresh */
function patch(old, fresh) {
  if (!(old instanceof Element) || !(fresh instanceof Element)) {
    if (old.nodeType !== fresh.nodeType) old.parentNode?.replaceChild(fresh, old);
    else if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.nodeName !== fresh.nodeName || old.getAttribute("data-key") !== fresh.getAttribute("data-key")) return old.replaceWith(fresh);
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const name of fresh.getAttributeNames()) {
    const value = fresh.getAttribute(name) ?? "";
    if (old.getAttribute(name) === value) continue;
    if (name === "style") /** @type {HTMLElement} */ (old).style.cssText = value; // the policy refuses the attribute
    else old.setAttribute(name, value);
  }
  for (const name in ACTS.get(fresh)) old.addEventListener(name, act);
  ACTS.set(old, ACTS.get(fresh) ?? {});
  for (let at = old.firstChild, next = fresh.firstChild; at || next; ) {
    const [here, wanted] = [at, next];
    at &&= at.nextSibling;
    next &&= next.nextSibling;
    if (!wanted) here?.remove();
    else if (here) patch(here, wanted);
    else old.append(wanted);
  }
  const typed = old.matches("[type=search]") && old === document.activeElement;
  if ("value" in old && "value" in fresh && old.value !== fresh.value && !typed) old.value = fresh.value;
}
