// The recording in the page: base64, gzip, JSON, columns (encode.py). What comes out gives an event as a flat row.

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./types.js").Header} Header */

/** The JSON in the element with this id.
 * @param {string} id @returns {Promise<any>} */
export async function embedded(id) {
  const text = document.getElementById(id)?.textContent ?? "";
  const packed = Uint8Array.from(atob(text.trim()), (each) => each.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** Columns as rows.
 * @param {any} data @returns {import("./types.js").Facts} */
export function decoded(data) {
  const { header, kinds, events, strings } = data;
  const count = events.t.length;
  const times = new Float64Array(count + 1);
  const places = new Uint32Array(count + 1);
  const weights = new Uint8Array(count + 1);
  const parents = new Uint32Array(count + 1);
  const seen = kinds.map(() => 0);
  for (let seq = 1; seq <= count; seq++) {
    times[seq] = times[seq - 1] + events.t[seq - 1];
    weights[seq] = events.weight[seq - 1];
    const before = events.parent[seq - 1] || events.cause[seq - 1];
    parents[seq] = before ? seq - before : 0;
    places[seq] = seen[events.kind[seq - 1]]++;
  }
  /** @type {[string, any[], string][][]} */
  const fields = kinds.map((/** @type {any} */ kind) => Object.entries(kind.fields).map(([name, [how, ...found]]) => [name, found, how]));
  /** @param {number} seq */
  const text = (seq) => /** @type {string} */ (strings[events.text[seq - 1]]);
  /** @param {number} seq */
  const node = (seq) => /** @type {string} */ (strings[events.node[seq - 1]]);
  /** @param {number} seq */
  const kind = (seq) => /** @type {string} */ (kinds[events.kind[seq - 1]].name);
  /** @param {number} seq @returns {Row} */
  function row(seq) {
    const at = seq - 1;
    const cause = events.cause[at] ? seq - events.cause[at] : 0;
    /** @type {Row} */
    const made = { seq, t: times[seq], node: node(seq), kind: kind(seq), cause, parent: parents[seq], weight: weights[seq], text: text(seq) };
    for (const [name, found, how] of fields[events.kind[at]])
      made[name] = how === "1" ? found[0] : how === "s" ? strings[found[places[seq]]] : found[places[seq]];
    return made;
  }
  return { header: /** @type {Header} */ (header), count, times, weights, parents, row, text, node, kind };
}
