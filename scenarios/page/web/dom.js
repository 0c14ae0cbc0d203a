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
