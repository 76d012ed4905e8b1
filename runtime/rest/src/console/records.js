// The latest records, newest first.
import { byId, el, setText } from "./page.js";

/** Rows kept on the page. */
const KEPT = 60;
/** Which way a record goes, seen from Kafka. */
const WAYS = { in: "into Kafka", out: "out of Kafka" };

/** Shows records as they pass; can be held still and narrowed to one connector. */
export class Records {
  #known = new Set();
  #held = false;
  #waiting = 0;

  constructor() {
    this.list = byId("records");
    this.of = byId("records-of");
    this.hold = byId("hold");
    this.of.addEventListener("change", () => this.#narrow());
    this.hold.addEventListener("click", () => this.#setHeld(!this.#held));
  }

  /** Takes one answer of `/ui/activity`, and one of `/connectors` for which way each moves records. */
  show(activity, connectors) {
    this.connectors = connectors;
    this.#offer([...new Set(activity.tasks.map((task) => task.connector))].sort());
    const fresh = activity.tasks
      .flatMap((task) => task.recent.map((record) => ({ ...record, connector: task.connector, task: task.task })))
      .map((record) => [JSON.stringify(record), record]);
    const unseen = fresh.filter(([id]) => !this.#known.has(id));
    if (this.#held) {
      this.#waiting = unseen.length;
      setText(this.hold, this.#waiting ? `Go on (${this.#waiting} new)` : "Go on");
      return;
    }
    // What the worker no longer tells of will not come again.
    this.#known = new Set(fresh.map(([id]) => id));
    // A record on its way to Kafka has no time yet; it stands where it was seen.
    const at = (record) => record.timestamp ?? activity.time_ms;
    unseen.sort(([, a], [, b]) => at(a) - at(b));
    for (const [, record] of unseen) this.list.prepend(this.#row(record, activity.time_ms));
    while (this.list.children.length > KEPT) this.list.lastElementChild.remove();
    byId("no-records").hidden = this.list.children.length > 0;
  }

  #setHeld(held) {
    this.#held = held;
    this.hold.setAttribute("aria-pressed", String(held));
    setText(this.hold, held ? "Go on" : "Hold");
  }

  #offer(connectors) {
    const offered = connectors.join("\n");
    if (this.offered === offered) return;
    this.offered = offered;
    const chosen = this.of.value;
    const options = connectors.map((name) => el("option", { value: name, textContent: name }));
    this.of.replaceChildren(el("option", { value: "", textContent: "every connector" }), ...options);
    if (connectors.includes(chosen)) this.of.value = chosen;
    this.#narrow();
  }

  #narrow() {
    for (const row of this.list.children) row.hidden = this.#isLeftOut(row.dataset.connector);
  }

  #isLeftOut(connector) {
    return this.of.value !== "" && this.of.value !== connector;
  }

  #row(record, seen) {
    const where = record.partition === null ? "" : `·${record.partition}${record.offset === null ? "" : `@${record.offset}`}`;
    const value = oneLine(record.value);
    const way = this.connectors[record.connector]?.status.type === "sink" ? "out" : "in";
    const line = el(
      "button",
      { type: "button", className: "record-line" },
      timeOf(record, seen),
      el("span", { className: "place", title: `${record.connector}, ${WAYS[way]}` }, el("i", { textContent: way }), record.topic, el("b", { textContent: where })),
      el("span", { className: record.key === null ? "key none" : "key", textContent: record.key === null ? "no key" : oneLine(record.key) }),
      el("span", { className: record.value === null ? "value none" : "value", textContent: record.value === null ? "tombstone" : value }),
    );
    line.setAttribute("aria-expanded", "false");
    const row = el("li", { data: { connector: record.connector, task: record.task }, hidden: this.#isLeftOut(record.connector) }, line);
    line.addEventListener("click", () => {
      const open = line.getAttribute("aria-expanded") !== "true";
      line.setAttribute("aria-expanded", String(open));
      if (!open) row.lastElementChild.remove();
      else row.append(whole(record));
    });
    return row;
  }
}

function timeOf(record, seen) {
  const clock = (time) => new Date(time).toLocaleTimeString("en-GB");
  if (record.timestamp === null) return el("time", { className: "seen", title: "when it was seen here", textContent: clock(seen) });
  const thousandths = String(Math.abs(record.timestamp) % 1000).padStart(3, "0");
  return el("time", { textContent: `${clock(record.timestamp)}.${thousandths}` });
}

function whole(record) {
  const facts = [
    ["connector", `${record.connector}, task ${record.task}`],
    ["topic", record.topic],
    ["partition", record.partition ?? "not known yet"],
    ["offset", record.offset ?? "not known yet"],
    ["time", record.timestamp === null ? "not known yet" : new Date(record.timestamp).toISOString()],
  ];
  const list = facts.flatMap(([name, text]) => [el("dt", { textContent: name }), el("dd", { textContent: String(text) })]);
  const body = (name, text) => [
    el("dt", { textContent: name }),
    el("dd", {}, el("pre", { textContent: pretty(text), tabIndex: 0, "aria-label": name })),
  ];
  return el("dl", { className: "whole" }, ...list, ...body("key", record.key), ...body("value", record.value));
}

/** JSON with a line for each member; the members' own text stays as it was written, so no number is rounded. */
function pretty(text) {
  if (text === null) return "null";
  try {
    JSON.parse(text);
  } catch {
    // Not JSON, or cut.
    return text;
  }
  const tokens = text.match(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let [out, depth] = ["", 0];
  const line = () => `\n${"  ".repeat(depth)}`;
  tokens.forEach((token, index) => {
    const closes = "}]".includes(token);
    const wasOpened = index > 0 && "{[".includes(tokens[index - 1]);
    if (closes) depth -= 1;
    if (closes ? !wasOpened : wasOpened || tokens[index - 1] === ",") out += line();
    out += token === ":" ? ": " : token;
    if ("{[".includes(token)) depth += 1;
  });
  return out;
}

const oneLine = (text) => (text ?? "").replace(/\s+/g, " ").slice(0, 400);
