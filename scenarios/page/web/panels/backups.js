// The Backups view in RavenDB's words and order, as of the playhead and as one node sees it.

import { DAY, agoText, clockText, spanText, wallText } from "../clock.js";
import { el } from "../dom.js";
import { since } from "../since.js";
import { beliefs, knownNodes, lastRuns, recordOf, recordsOf, wallOf, zoneOf } from "../knowledge.js";

/** @typedef {import("../types.js").State} State */
/** @typedef {import("../types.js").Recorded} Recorded */
/** @typedef {import("../types.js").View} View */
/** @typedef {ReturnType<typeof lastRuns>} Last */

/** @type {import("../types.js").Panel} */
export function backups(state, run, view) {
  const from = view.from, record = recordOf(state, from);
  const names = Object.keys(record.databases);
  return el(
    "section.backups", { "data-key": "backups" },
    el("h2", "Backups"), el("button", { onclick: () => view.set({ side: "restore" }) }, "Restore a database from a backup"),
    knows(state, from),
    names.length ? null : el("p.empty", "No database at this moment. Go on to where one is created."),
    names.map((name) => database(state, run, view, name)),
    recordsOf(state, from).flatMap((each) => serverWide(each, view)),
  );
}

/** The server-wide tasks of a cluster, and who has their copies in its databases.
 * @param {State} record @param {View} view */
function serverWide(record, view) {
  const templates = Object.values(record.server_wide), tasks = Object.values(record.tasks);
  if (!templates.length) return [];
  return [el("h4", `Server-Wide Backup (${templates.length})`), ...templates.map((each) => {
    const copies = tasks.filter(({ server_wide: id }) => id === each.task).map(({ database, owner }) => `${database} (${owner || "nobody"})`);
    const told = [["Full Backup", each.full && `at ${each.full}`], ["Incremental Backup", each.incremental && `at ${each.incremental}`], ["Destinations", placesOf(each)],
      ["Retention Policy", keptFor(each)], ["Excluded Databases", each.excluded.join(", ") || "none"], ["Databases", copies.join(", ") || "none"]];
    return el("section.task",
      el("header", el("bdi.taskname", each.name), el("span.type", each.type), onOff(each.disabled)),
      el("dl", told.map(([label, text]) => text && field(label, text, each.since, view))));
  })];
}

/** @param {boolean} off */
function onOff(off) {
  return el(`span.state ${off ? "off" : "on"}`, off ? "Disabled" : "Enabled");
}

/** @param {State} task */
function placesOf(task) {
  return [...task.paths.map(() => "Local"), ...task.clouds].join(", ") || "No destinations defined";
}

/** @param {State} task */
function keptFor(task) {
  return task.keeps === null ? "No backups will be removed" : `${Number((task.keeps / DAY).toPrecision(6))} days`;
}

/** @param {State} state @param {string} from */
function knows(state, from) {
  if (!from) {
    return state.clusters.map((/** @type {State} */ _, /** @type {number} */ nth) => {
      const nodes = Object.keys(state.nodes).filter((name) => state.nodes[name].cluster === nth && state.nodes[name].role !== "none");
      return nodes.some((name) => state.nodes[name].role === "leader") ? null
        : el("p.notice", `No leader${state.clusters.length > 1 ? ` of ${nodes.join(", ")}` : ""}: no new tasks; running ones go on, and reports wait.`);
    });
  }
  const node = state.nodes[from];
  if (!node.up) return el("p.notice", `${from} is down: this is what it had on its disk.`);
  if (!node.leader) return el("p.notice", `${from} follows nobody: it cannot know what the others agree on meanwhile.`);
  return el("p.hint", `${from} ${node.leader === from ? "leads" : `follows ${node.leader}`} in term ${node.term}. What happened elsewhere and has not reached it is not shown.`);
}

/** @param {State} state @param {Recorded} run @param {View} view @param {string} name */
function database(state, run, view, name) {
  const record = recordOf(state, view.from), found = record.databases[name];
  const tasks = Object.keys(record.tasks).filter((key) => record.tasks[key].database === name);
  const lasts = tasks.map((key) => lastRuns(state, run, view.from, key));
  const group = [found.members.join(" "), found.promotables.length ? `promotable ${found.promotables.join(" ")}` : "", found.rehabs.length ? `rehab ${found.rehabs.join(" ")}` : ""];
  return el(
    "article.database",
    el("h3", el("bdi", name), el("small", `on ${group.filter(Boolean).join(", ")}`)),
    el("dl", manual(state, run, view, name, lasts)),
    el("h4", `Periodic Backup (${tasks.length})`),
    tasks.length ? tasks.map((key, nth) => task(state, run, view, key, lasts[nth])) : el("p.empty", "No periodic backup tasks created"),
  );
}

/** When anything of the database was backed up last, and its last one-time backup.
 * @param {State} state @param {Recorded} run @param {View} view @param {string} name @param {Last[]} lasts of its tasks */
function manual(state, run, view, name, lasts) {
  const now = wallOf(state, view.from), zone = zoneOf(state, view.from), once = run.lanes.runs.filter((each) => each.key === `${name}/0` && each.end === "finished" && each.endSeq <= state.seq && (!view.from || each.node === view.from)).at(-1);
  const last = Math.max(once?.startedAt ?? -1, ...lasts.flatMap(({ full, incremental }) => [full ?? -1, incremental ?? -1]));
  return [field("Recent Backup", last < 0 ? "never" : agoText(last, now, zone), eventOf(run, name, last), view),
    field("Manual Backup", once ? `${agoText(once.startedAt, now, zone)}, on ${once.node}` : "No manual backup created", once?.seq ?? 0, view)];
}

/** @param {State} state @param {Recorded} run @param {View} view @param {string} key @param {Last} last */
function task(state, run, view, key, last) {
  const record = recordOf(state, view.from), found = record.tasks[key], now = wallOf(state, view.from), zone = zoneOf(state, view.from);
  const nodes = knownNodes(state, view.from);
  const running = nodes.filter((name) => state.nodes[name].running[key]);
  const waiting = nodes.flatMap((name) =>
    Object.entries(state.nodes[name].waiting).filter(([each]) => each.startsWith(`${key}/`)).map(([, each]) => ({ name, ...each })));
  const next = nextOf(state, run, view.from, key, now);
  const kind = found.type === "Snapshot" ? "Last Snapshot" : "Last Full Backup";
  return el(
    `section.task${found.disabled ? " disabled" : ""}`,
    el("header", el("bdi.taskname", found.name), el("span.type", found.type, found.server_wide ? ", server-wide" : ""), tag(found),
      found.has_place ? onOff(found.disabled) : null),
    doubt(state, view.from, key, found.owner),
    el("dl",
      field("Task Status", statusOf(view.from, found, running), running.length ? state.nodes[running[0]].running[key].seq : found.owner_since, view),
      field("Destinations", placesOf(found), found.since, view),
      field("Last executed on node", last.node || "N/A", found.last_seq, view),
      field(kind, last.full === null ? "Never backed up" : agoText(last.full, now, zone), eventOf(run, key, last.full), view),
      last.incremental === null ? null : field("Last Incremental Backup", agoText(last.incremental, now, zone), eventOf(run, key, last.incremental), view),
      field("Next Estimated Backup", next.text, next.seq, view),
      running.map((name) => {
        const each = state.nodes[name].running[key];
        return field("Backup Started", `${agoText(each.started_at, now, zone)} (${each.full ? "Full" : "Incremental"} Backup) on ${name}`, each.seq, view);
      }),
      found.moves_at === null ? null : field("Will move", `at ${wallText(found.moves_at, zone)}, if ${found.owner} does not respond until then`, 0, view),
      found.postponed === null ? null : field("Delayed", `until ${wallText(found.postponed, zone)}`, 0, view),
      found.error ? field("Last run failed", found.error, found.last_seq, view) : null,
      field("Retention Policy", keptFor(found), found.since, view),
      field("Encryption", (found.encryption ? found.encryption !== "None" : record.databases[found.database].encrypted) ? "Encrypted" : "Not encrypted", found.since, view)),
    waiting.map((each) =>
      el("button.waits", { onclick: () => view.go(each.seq) },
        `A report waits at ${each.name} since ${clockText(run.times[each.seq])}: the run of ${wallText(each.started_at, zone)} (${each.why})`)),
  );
}

/** The tag of the responsible node: who was preferred; who stands in for it; nobody.
 * @param {State} found */
function tag(found) {
  if (!found.owner) return el("span.tag nobody", { title: "No node is currently handling this task" }, "N/A");
  if (found.mentor && found.mentor !== found.owner)
    return el("span.tag standin", { title: `${found.reason} (${found.rule})` },
      el("s", { title: "User preferred node for this task" }, found.mentor), " → ", found.owner);
  return el("span.tag", { title: `Cluster node that is responsible for this task: ${found.reason} (${found.rule})` }, found.owner);
}

/** Whom the others believe to be responsible, if that differs. This is why a backup runs twice.
 * @param {State} state @param {string} from @param {string} key @param {string} owner */
function doubt(state, from, key, owner) {
  const others = beliefs(state, key).filter((each) => each.owner !== owner && each.by.length);
  if (!others.length || from) return null;
  const says = others.map(({ owner: other, by }) => {
    if (by.length === 1 && by[0] === other) return `${other} still holds itself responsible`;
    return `${by.join(" and ")} still hold${by.length === 1 ? "s" : ""} ${other || "nobody"} responsible`;
  });
  return el("p.notice", `${says.join("; ")}.`);
}

/** @param {string} from @param {State} found @param {string[]} running */
function statusOf(from, found, running) {
  if (running.length) return `Running on ${running.join(" and ")}`;
  if (found.disabled) return "Not active";
  if (!from && found.owner) return `Active on ${found.owner}`;
  return found.owner === from ? "Active" : "Not on node";
}

/** The owner's plan; where it is not known, what follows from the last runs that the node knows.
 * @param {State} state @param {Recorded} run @param {string} from @param {string} key @param {number} now */
function nextOf(state, run, from, key, now) {
  const record = recordOf(state, from), task = record.tasks[key], zone = zoneOf(state, from), { owner } = task;
  const answers = estimate(task, run.header.due[key] ?? [], now), plan = state.nodes[from || owner]?.plans[key] ?? answers;
  if (!plan || task.disabled) return { text: "N/A", seq: 0 };
  const kind = plan.full ? "Full" : "Incremental", seq = plan.seq ?? 0, due = Math.max(now, plan.delayed ?? plan.due);
  if (!plan.seq && due === now && owner && owner !== from && record.databases[task.database].rehabs.includes(owner)) {
    if (!(task.moves_at > now)) return { text: `when ${owner} is back (${kind})`, seq };
    return { text: `in ${spanText(task.moves_at - now)} (${kind}), ${wallText(task.moves_at, zone)}`, seq };
  }
  const put = plan.delayed !== null ? plan : plan.due === task.postponed ? answers : null, late = put ? `, delayed backup from: ${wallText(put.due, zone)}` : "";
  return { text: `${due > now ? `in ${spanText(due - now)}` : "now"} (${kind}), ${wallText(due, zone)}${late}`, seq };
}

/** The first occurrence that no run has answered, by the definition in force.
 * @param {State} task @param {[number, number, number?][]} due @param {number} now */
function estimate({ last_full: full, last_incremental: incremental, postponed }, due, now) {
  const open = due.filter(([t, isFull]) => t > Math.min(now, isFull ? full ?? -1 : Math.max(full ?? -1, incremental ?? -1))), standing = open.filter(([, , end]) => !end || end >= now);
  const [next] = (standing.length ? standing : open).sort((one, other) => one[0] - other[0] || other[1] - one[1]);
  return next && { due: next[0], full: full === null || next[1], delayed: postponed > next[0] ? postponed : null };
}

/** The event with which the run of that start began, of a task or of any of a database. @param {Recorded} run @param {string} key @param {number | null} start */
function eventOf(run, key, start) {
  return run.lanes.runs.find((each) => each.startedAt === start && `${each.key}/`.startsWith(`${key}/`))?.seq ?? 0;
}

/** A label and its value. A value with an event leads there.
 * @param {string} label @param {string} text @param {number} seq @param {View} view */
function field(label, text, seq, view) {
  return el("div.field", el("dt", label), el("dd", since(view, seq, text)));
}
