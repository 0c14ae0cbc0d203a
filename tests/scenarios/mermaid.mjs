// Mermaid's own reader, in Node: says of the diagram on standard input its kind, its actors and its messages as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const from = createRequire(`${process.argv[2]}/package.json`);
const { JSDOM } = from("jsdom");
const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import(pathToFileURL(`${process.argv[2]}/node_modules/mermaid/dist/mermaid.core.mjs`).href);
const text = readFileSync(0, "utf8");
await mermaid.parse(text);
const { type, db } = await mermaid.mermaidAPI.getDiagramFromText(text);
const messages = db.getMessages().map((each) => each.message);
process.stdout.write(JSON.stringify({ type, actors: db.getActorKeys(), messages }));
