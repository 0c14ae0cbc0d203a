// Times as text. True time is µs since the start of the run; wall time is µs since 2024-01-01 in UTC, as a node's clock reads.

const EPOCH = Date.UTC(2024, 0, 1);
const SECOND = 1e6, MINUTE = 60e6, HOUR = 3600e6;
export const DAY = 86400e6;

/** True time, as in a timeline: `05:30:15.053`, with days before it if there are any.
 * @param {number} t */
export function clockText(t) {
  const days = Math.floor(t / DAY);
  const rest = new Date(Math.floor((t % DAY) / 1000)).toISOString().slice(11, 23);
  return days ? `${days}d ${rest}` : rest;
}

/** A wall time in a zone: `2024-01-01 03:00:00`.
 * @param {number} wall @param {string} zone */
export function wallText(wall, zone = "UTC") {
  const date = new Date(EPOCH + wall / 1000);
  if (zone === "UTC" || !zone) return date.toISOString().slice(0, 19).replace("T", " ");
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }).format(date);
}

/** A duration in its largest unit: `59.2 min`.
 * @param {number} µs */
export function spanText(µs) {
  /** @type {[number, string][]} */
  const units = [[2 * DAY, "d"], [HOUR, "h"], [MINUTE, "min"], [SECOND, "s"], [1000, "ms"]];
  for (const [least, unit] of units) {
    const size = unit === "d" ? DAY : least;
    if (µs >= least) return `${Number((µs / size).toPrecision(3))} ${unit}`;
  }
  return `${µs} µs`;
}

/** How long ago that was, and when, at wall time `now`.
 * @param {number} wall @param {number} now @param {string} zone */
export function agoText(wall, now, zone) {
  const ago = now - wall;
  return `${ago < SECOND ? "just now" : `${spanText(ago)} ago`}, ${wallText(wall, zone)}`;
}
