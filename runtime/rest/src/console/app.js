// The page's clock: once a second it asks the worker and hands the answers to the parts.
import { Board } from "./board.js";
import { Form } from "./form.js";
import { ask, byId, copyButton, el, quoted, setText, short, size, whole } from "./page.js";
import { Rates } from "./rates.js";
import { Records } from "./records.js";

const EVERY_MS = 1000;
/** Answers that may be missed before the banner says so. */
const PATIENCE = 2;

const rates = new Rates();
const records = new Records();
const form = new Form(() => turn());
const board = new Board(byId("connectors"), { changed: () => turn(), edit: (name) => form.open(name) });
let missed = 0;
let timer = null;
let isTurning = false;

byId("new").addEventListener("click", () => form.open());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) turn();
});

/** One round; the next one follows a second after it is done, never earlier. */
async function turn() {
  if (isTurning) return;
  isTurning = true;
  clearTimeout(timer);
  try {
    const [connectors, activity] = await Promise.all([
      ask("connectors?expand=info&expand=status"),
      ask("ui/activity"),
    ]);
    missed = 0;
    show(connectors, activity);
  } catch (error) {
    missed += 1;
    if (missed >= PATIENCE || error.status) warn(error);
    if (!error.status && !error.unreachable) console.error(error);
  }
  isTurning = false;
  timer = setTimeout(turn, document.hidden ? 5 * EVERY_MS : EVERY_MS);
}

function show(connectors, activity) {
  byId("banner").hidden = true;
  setLive("live", "live");
  setText(byId("worker"), `worker ${activity.worker.id} · version ${activity.worker.version}`);
  rates.take(activity);
  records.show(activity, connectors);
  board.show(connectors, rates);
  showTotals(connectors);
  const names = Object.keys(connectors).sort();
  byId("no-connectors").hidden = names.length > 0;
  showCommands(names[0]);
}

function showTotals(connectors) {
  const sum = rates.all();
  const states = Object.values(connectors).flatMap((one) => one.status.tasks.map((task) => task.state));
  const running = states.filter((state) => state === "RUNNING").length;
  setText(byId("total-rate"), short(sum.records));
  setText(byId("total-bandwidth"), size(sum.bytes));
  setText(byId("total-records"), whole(sum.total));
  setText(byId("total-failed"), whole(sum.failed));
  byId("total-failed").classList.toggle("bad", sum.failed > 0);
  setText(byId("total-connectors"), whole(Object.keys(connectors).length));
  setText(byId("total-tasks"), `${running} of ${states.length}`);
  byId("total-tasks").classList.toggle("bad", states.includes("FAILED"));
}

function warn(error) {
  const starting = error.status === 503;
  setLive(starting ? "waiting" : "lost", starting ? "starting" : "lost");
  const since = new Date().toLocaleTimeString("en-GB");
  const banner = byId("banner");
  const what = starting
    ? "The worker is starting: it still reads its topics."
    : error.unreachable
      ? "The worker is unreachable. What you see below is old; the page goes on asking."
      : `The worker answers with an error: ${error.message}`;
  if (banner.hidden || banner.dataset.what !== what) setText(banner, `${what} (since ${since})`);
  banner.dataset.what = what;
  banner.hidden = false;
}

function setLive(state, text) {
  const live = byId("live");
  live.dataset.state = state;
  setText(live, text);
}

/** Lines to try in a shell, with a connector that is there. */
function showCommands(connector) {
  const base = new URL("..", document.baseURI).href.replace(/\/$/, "");
  const of = `${base}/connectors/${encodeURIComponent(connector ?? "my-connector")}`;
  const told = `${base} ${connector}`;
  if (showCommands.told === told) return;
  showCommands.told = told;
  const example = { "connector.class": "FileStreamSource", file: "/tmp/lines.txt", topic: "lines" };
  const lines = [
    ["What runs, and how", `curl -s '${base}/connectors?expand=status'`],
    ["One connector's state", `curl -s ${quoted(`${of}/status`)}`],
    ["How far it is", `curl -s ${quoted(`${of}/offsets`)}`],
    ["What can be run", `curl -s ${quoted(`${base}/connector-plugins`)}`],
    [
      "A source that reads a file",
      `curl -X PUT ${quoted(`${base}/connectors/lines/config`)} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(example))}`,
    ],
  ];
  const rows = lines.map(([what, command]) => [
    el("dt", { textContent: what }),
    el("dd", {}, el("code", { textContent: command, tabIndex: 0 }), copyButton(() => command)),
  ]);
  byId("commands").replaceChildren(...rows.flat());
}

turn();
