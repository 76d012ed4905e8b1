// Small parts that every other file uses: elements, figures, requests, notes.

/** An element with properties and children. Text is only ever set as text. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "data") Object.assign(element.dataset, value);
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Sets a text only when it changed, so that a selection in it survives. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** 0, 7.3, 42, 1,234, 12.3 k, 4.56 M: short, and of a steady width. */
export function short(number) {
  if (number === 0) return "0";
  if (number < 10) return number.toFixed(number < 1 ? 2 : 1);
  if (number < 10_000) return Math.round(number).toLocaleString("en");
  const units = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
  const [size, unit] = units.find(([size]) => number >= size);
  const scaled = number / size;
  return `${scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0)} ${unit}`;
}

/** 0 B, 556 B, 48.2 kB, 1.25 MB. */
export function size(bytes) {
  const units = [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]];
  const [one, unit] = units.find(([one]) => bytes >= one) ?? [1, "B"];
  const scaled = bytes / one;
  return `${scaled.toFixed(unit === "B" || scaled >= 100 ? 0 : scaled < 10 ? 2 : 1)} ${unit}`;
}

export const whole = (number) => number.toLocaleString("en");

/** A request to the worker. Throws an Error whose message is the worker's own sentence. */
export async function ask(path, { method = "GET", body } = {}) {
  let response;
  try {
    response = await fetch(`../${path}`, {
      method,
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      signal: AbortSignal.timeout(method === "GET" ? 10_000 : 95_000),
    });
  } catch (cause) {
    throw Object.assign(new Error("The worker does not answer."), { unreachable: true, cause });
  }
  const text = await response.text();
  let json = null;
  try {
    json = text === "" ? null : JSON.parse(text);
  } catch {
    throw Object.assign(new Error(`What answers is no worker: HTTP ${response.status}.`), { unreachable: true });
  }
  if (!response.ok) {
    throw Object.assign(new Error(json?.message ?? `HTTP ${response.status}`), { status: response.status });
  }
  return json;
}

/** Tells what came of an action, for some seconds. */
export function note(text, kind = "good") {
  const line = el("p", { className: `note ${kind}`, textContent: text });
  byId("notes").append(line);
  setTimeout(() => line.remove(), kind === "bad" ? 12_000 : 5_000);
}

/** Asks before something that cannot be undone. */
export function confirmed(title, text, yes) {
  const dialog = byId("ask");
  setText(byId("ask-title"), title);
  setText(byId("ask-text"), text);
  setText(byId("ask-yes"), yes);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** A button that puts a text on the clipboard. */
export function copyButton(text) {
  const button = el("button", { type: "button", className: "quiet copy", textContent: "Copy" });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      // Browsers refuse on pages that are neither local nor served over TLS.
      button.textContent = "Not allowed here";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
}

/** A text as one word of a POSIX shell. */
export const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
