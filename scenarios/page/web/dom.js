// Elements from names, attributes and children. Text is always text: no function here reads markup.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, any>} Attributes */

/** @template {Element} E @param {E} element @param {Attributes} attributes @param {(Child | Child[])[]} children @returns {E} */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** An element of HTML. An attribute that begins with `on` is a listener. `data-key` names it across redraws, for focus and scrolling.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Attributes} [attributes] @param {...(Child | Child[])} children @returns {HTMLElementTagNameMap[K]} */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An element of SVG.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag @param {Attributes} [attributes] @param {...(Child | Child[])} children @returns {SVGElementTagNameMap[K]} */
export function draw(tag, attributes = {}, ...children) {
  return filled(/** @type {any} */ (document.createElementNS(SVG, tag)), attributes, children);
}

/** The text, and `…` in place of its end if it has more than so many letters.
 * @param {string} text @param {number} most */
export function clipped(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
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
