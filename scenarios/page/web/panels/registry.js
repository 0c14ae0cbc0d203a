// The panels, one line each, in the order of the rail. `middle`: what one looks at; `side`: what one asks about.

import { backups } from "./backups.js";
import { events } from "./events.js";
import { spacetime } from "./spacetime.js";

/** @typedef {{name: string, title: string, place: "middle" | "side", draw: import("../types.js").Panel}} Entry */

/** @type {Entry[]} */
export const PANELS = [
  { name: "space", title: "Space-time", place: "middle", draw: spacetime },
  { name: "backups", title: "Backups", place: "side", draw: backups },
  { name: "events", title: "Events", place: "side", draw: events },
];
