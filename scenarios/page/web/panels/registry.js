// The panels, one line each, in the order of the rail. `middle`: what one looks at; `side`: what one asks about.

import { backupLanes } from "./backup_lanes.js";
import { backups } from "./backups.js";
import { causes } from "./causes.js";
import { events } from "./events.js";
import { group } from "./group.js";
import { logs } from "./logs.js";
import { promises } from "./promises.js";
import { restore } from "./restore.js";
import { spacetime } from "./spacetime.js";
import { stage } from "./stage.js";
import { two } from "./two.js";
import { why } from "./why.js";

/** @typedef {{name: string, title: string, place: "middle" | "side", draw: import("../types.js").Panel,
 *   compared?: boolean}} Entry `compared`: only where two runs stand beside each other */

/** @type {Entry[]} */
export const PANELS = [
  { name: "two", title: "Two runs", place: "middle", draw: two, compared: true },
  { name: "space", title: "Space-time", place: "middle", draw: spacetime },
  { name: "stage", title: "Stage", place: "middle", draw: stage },
  { name: "lanes", title: "Lanes", place: "middle", draw: backupLanes },
  { name: "logs", title: "Logs", place: "middle", draw: logs },
  { name: "group", title: "Group", place: "middle", draw: group },
  { name: "promises", title: "Promises", place: "middle", draw: promises },
  { name: "backups", title: "Backups", place: "side", draw: backups },
  { name: "why", title: "Why", place: "side", draw: why },
  { name: "restore", title: "Restore", place: "side", draw: restore },
  { name: "causes", title: "Causes", place: "side", draw: causes },
  { name: "events", title: "Events", place: "side", draw: events },
];
