// The cargo board: a row for each connector, and below it, when opened, its tasks.
import { ask, confirmed, el, note, setText, short, size, whole } from "./page.js";
import { drawTrend, trendLine } from "./rates.js";

const COLUMNS = 9;
let rowsMade = 0;

/** Keeps the rows in step with what the worker tells. */
export class Board {
  #rows = new Map();

  constructor(body, { changed, edit }) {
    this.body = body;
    this.changed = changed;
    this.edit = edit;
  }

  /** Shows `connectors`, the answer of `/connectors?expand=info&expand=status`. */
  show(connectors, rates) {
    const names = Object.keys(connectors).sort((a, b) => a.localeCompare(b));
    for (const [name, row] of this.#rows) {
      if (!(name in connectors)) {
        row.remove();
        this.#rows.delete(name);
      }
    }
    let before = null;
    for (const name of names.reverse()) {
      const row = this.#rows.get(name) ?? new Row(name, this);
      this.#rows.set(name, row);
      row.show(connectors[name], rates.of(name));
      // Moved only when out of place: moving an element takes its focus away.
      if (row.details.nextSibling !== before || !row.details.isConnected) {
        this.body.insertBefore(row.summary, before);
        this.body.insertBefore(row.details, before);
      }
      before = row.summary;
    }
  }
}

class Row {
  constructor(name, board) {
    this.name = name;
    this.board = board;
    rowsMade += 1;
    const detailsId = `details-${rowsMade}`;
    this.state = flap();
    this.toggle = el("button", { type: "button", className: "connector-name", "aria-controls": detailsId });
    this.toggle.setAttribute("aria-expanded", "false");
    this.toggle.append(el("span", { className: "chevron", "aria-hidden": "true", textContent: "▸" }), name);
    this.toggle.addEventListener("click", () => this.open(this.details.hidden));
    this.kind = el("span", { className: "kind" });
    this.classes = el("span", { className: "class" });
    this.tasks = el("span", { className: "task-flags", role: "img" });
    this.trend = trendLine();
    this.figures = Object.fromEntries(
      ["records", "bytes", "total", "failed"].map((field) => [field, el("td", { className: "figure" })]),
    );
    this.actions = this.#buttons();
    this.summary = el(
      "tr",
      { className: "connector", data: { connector: name } },
      el("td", {}, this.state),
      el("th", { scope: "row" }, this.toggle, el("div", { className: "under" }, this.kind, this.classes)),
      el("td", {}, this.tasks),
      this.figures.records,
      el("td", { className: "trend" }, this.trend),
      this.figures.bytes,
      this.figures.total,
      this.figures.failed,
      el("td", { className: "actions" }, ...Object.values(this.actions)),
    );
    this.inner = el("div", { className: "details" });
    this.details = el("tr", { hidden: true, id: detailsId }, el("td", { colSpan: COLUMNS }, this.inner));
    this.wasFailed = false;
  }

  remove() {
    this.summary.remove();
    this.details.remove();
  }

  open(open) {
    this.details.hidden = !open;
    this.toggle.setAttribute("aria-expanded", String(open));
  }

  show({ info, status }, moved) {
    const state = status.connector.state;
    setFlap(this.state, state);
    setText(this.kind, { source: "source →", sink: "→ sink" }[status.type] ?? status.type);
    const full = info.config["connector.class"] ?? "";
    setText(this.classes, full.split(".").at(-1));
    this.classes.title = full;
    this.#showTasks(status);
    setText(this.figures.records, moved ? short(moved.records) : "–");
    setText(this.figures.bytes, moved ? size(moved.bytes) : "–");
    setText(this.figures.total, moved ? short(moved.total) : "–");
    this.figures.total.title = moved ? `${whole(moved.total)} records since the tasks were started on this worker` : "";
    setText(this.figures.failed, moved ? short(moved.failed) : "–");
    this.figures.failed.classList.toggle("bad", Boolean(moved?.failed));
    drawTrend(this.trend, moved?.trend ?? []);
    this.actions.pause.hidden = state === "PAUSED" || state === "STOPPED";
    this.actions.resume.hidden = !this.actions.pause.hidden;
    this.actions.stop.disabled = state === "STOPPED";
    this.actions.restart.disabled = state === "STOPPED";
    const isFailed = [status.connector, ...status.tasks].some((one) => one.state === "FAILED");
    // A failure opens its row once; closing it again is the reader's decision.
    if (isFailed && !this.wasFailed) this.open(true);
    this.wasFailed = isFailed;
    this.summary.classList.toggle("failed", isFailed);
    this.#showDetails(info, status);
  }

  #showTasks(status) {
    const states = status.tasks.map((task) => task.state);
    const label = states.length ? `${states.length} tasks: ${states.join(", ").toLowerCase()}` : "no tasks";
    if (this.tasks.getAttribute("aria-label") === label) return;
    this.tasks.setAttribute("aria-label", label);
    this.tasks.title = label;
    const shown = states.slice(0, 12).map((state) => el("i", { data: { state } }));
    const running = states.filter((state) => state === "RUNNING").length;
    this.tasks.replaceChildren(...shown, el("span", { textContent: `${running}/${states.length}` }));
  }

  #showDetails(info, status) {
    const told = JSON.stringify([info.config, status]);
    // Rebuilt only when something changed, so that focus and selection survive.
    if (told === this.told) return;
    this.told = told;
    const parts = [];
    if (status.connector.trace) parts.push(trace("The connector failed", status.connector.trace));
    const tasks = status.tasks.map((task) => this.#task(task));
    parts.push(tasks.length ? el("ul", { className: "tasks" }, ...tasks) : quietLine("No task is running."));
    const keys = Object.entries(info.config).map(([key, value]) => [
      el("dt", { textContent: key }),
      el("dd", { textContent: value ?? "null" }),
    ]);
    const config = el("details", { className: "config" }, el("summary", { textContent: `Configuration (${keys.length} keys)` }));
    config.open = Boolean(this.inner.querySelector("details.config")?.open);
    config.append(el("dl", {}, ...keys.flat()));
    this.inner.replaceChildren(...parts, config);
  }

  #task(task) {
    const state = flap();
    setFlap(state, task.state);
    const restart = el("button", { type: "button", className: "quiet", textContent: "Restart task" });
    restart.setAttribute("aria-label", `Restart task ${task.id} of ${this.name}`);
    restart.addEventListener("click", () => this.#do(`tasks/${task.id}/restart`, "POST", `Task ${task.id} restarts.`));
    const head = el(
      "div",
      { className: "task-head" },
      state,
      el("strong", { textContent: `task ${task.id}` }),
      el("span", { className: "muted", textContent: `on ${task.worker_id}` }),
      restart,
    );
    return el("li", {}, head, task.trace ? trace("Why it failed", task.trace) : null);
  }

  #buttons() {
    const button = (text, act, className = "quiet") => {
      const made = el("button", { type: "button", className, textContent: text });
      made.setAttribute("aria-label", `${text} ${this.name}`);
      made.addEventListener("click", act);
      return made;
    };
    const name = this.name;
    return {
      pause: button("Pause", () => this.#do("pause", "PUT", `${name} pauses.`)),
      resume: button("Resume", () => this.#do("resume", "PUT", `${name} resumes.`)),
      restart: button("Restart", () => this.#do("restart?includeTasks=true", "POST", `${name} and its tasks restart.`)),
      stop: button("Stop", () => this.#do("stop", "PUT", `${name} stops.`)),
      edit: button("Edit", () => this.board.edit(name)),
      remove: button("Delete", () => this.#delete(), "quiet warn"),
    };
  }

  async #delete() {
    const text = "Its tasks end and its configuration is forgotten. The topics keep their records.";
    if (await confirmed(`Delete ${this.name}?`, text, "Delete")) await this.#do("", "DELETE", `${this.name} is deleted.`);
  }

  async #do(what, method, done) {
    try {
      await ask(`connectors/${encodeURIComponent(this.name)}${what && `/${what}`}`, { method });
      note(done);
    } catch (error) {
      note(error.message, "bad");
    }
    this.board.changed();
  }
}

function flap() {
  return el("span", { className: "flap" });
}

function setFlap(element, state) {
  element.dataset.state = state;
  setText(element, state);
}

function trace(title, text) {
  return el(
    "div",
    { className: "trace" },
    el("strong", { textContent: title }),
    el("pre", { textContent: text, tabIndex: 0 }),
  );
}

const quietLine = (text) => el("p", { className: "muted", textContent: text });
