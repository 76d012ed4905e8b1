// Rates from successive totals.

/** Samples a rate is taken over: enough to calm a source that writes every half second. */
const WINDOW = 4;
/** Seconds that the trend line shows. */
const KEPT = 60;

/** Turns the growing totals of tasks into rates per connector. */
export class Rates {
  #tasks = new Map();
  #connectors = new Map();
  #at = null;

  /** Takes one answer of `/ui/activity`. */
  take(activity) {
    const seconds = this.#at === null ? 0 : (activity.time_ms - this.#at) / 1000;
    if (this.#at !== null && seconds <= 0) return;
    this.#at = activity.time_ms;
    const sums = new Map();
    const seen = new Map();
    for (const task of activity.tasks) {
      const id = `${task.connector}/${task.task}`;
      const before = this.#tasks.get(id);
      // A task that was started again counts from zero.
      const grown = (field) => (before && task[field] >= before[field] ? task[field] - before[field] : task[field]);
      const sum = sums.get(task.connector) ?? { records: 0, bytes: 0, total: 0, failed: 0 };
      if (seconds > 0) {
        sum.records += grown("records");
        sum.bytes += grown("bytes");
      }
      sum.total += task.records;
      sum.failed += task.failed;
      sums.set(task.connector, sum);
      seen.set(id, { records: task.records, bytes: task.bytes });
    }
    this.#tasks = seen;
    for (const name of this.#connectors.keys()) if (!sums.has(name)) this.#connectors.delete(name);
    for (const [name, sum] of sums) {
      const known = this.#connectors.get(name) ?? { samples: [] };
      if (seconds > 0) known.samples.push({ seconds, records: sum.records, bytes: sum.bytes });
      if (known.samples.length > KEPT) known.samples.shift();
      this.#connectors.set(name, { ...known, total: sum.total, failed: sum.failed });
    }
  }

  /** What is known of a connector; null when no task of it runs on this worker. */
  of(name) {
    const known = this.#connectors.get(name);
    if (!known) return null;
    const latest = known.samples.slice(-WINDOW);
    const seconds = latest.reduce((sum, sample) => sum + sample.seconds, 0);
    const per = (field) => (seconds > 0 ? latest.reduce((sum, sample) => sum + sample[field], 0) / seconds : 0);
    const trend = known.samples.map((sample) => sample.records / sample.seconds);
    return { records: per("records"), bytes: per("bytes"), total: known.total, failed: known.failed, trend };
  }

  /** The sum over all connectors. */
  all() {
    const sum = { records: 0, bytes: 0, total: 0, failed: 0 };
    for (const name of this.#connectors.keys()) {
      const one = this.of(name);
      for (const field of Object.keys(sum)) sum[field] += one[field];
    }
    return sum;
  }
}

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [120, 24];

/** An empty trend line. */
export function trendLine() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("trend-line");
  for (const name of ["area", "line"]) {
    const path = document.createElementNS(SVG, "path");
    path.classList.add(name);
    svg.append(path);
  }
  return svg;
}

/** Draws the rates of the last minute, newest at the right. */
export function drawTrend(svg, trend) {
  const [area, line] = svg.children;
  if (trend.length < 2) {
    area.setAttribute("d", "");
    line.setAttribute("d", "");
    return;
  }
  const most = Math.max(...trend, 1e-9);
  const x = (index) => WIDTH - (trend.length - 1 - index) * (WIDTH / (KEPT - 1));
  const y = (rate) => HEIGHT - 2 - (rate / most) * (HEIGHT - 5);
  const points = trend.map((rate, index) => `${x(index).toFixed(1)} ${y(rate).toFixed(1)}`);
  line.setAttribute("d", `M${points.join("L")}`);
  area.setAttribute("d", `M${x(0).toFixed(1)} ${HEIGHT}L${points.join("L")}L${WIDTH} ${HEIGHT}Z`);
}
