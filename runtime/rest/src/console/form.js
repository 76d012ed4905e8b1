// Making and changing a connector. The fields come from the plugin's own definition, the errors from `validate`.
import { ask, byId, el, note, quoted, setText } from "./page.js";

/** Groups that every connector has; they are folded, a connector's own keys are not. */
const FOLDED = ["Common", "Transforms", "Predicates", "Error Handling", "Topic Creation", "Exactly Once Support", "offsets.topic"];
/** Keys of those groups that nearly everyone sets. */
const NEEDED = ["tasks.max", "topics"];
/** Keys that have a place of their own. */
const APART = ["name", "connector.class"];
/** The wait after the last keystroke before the worker is asked. */
const CHECK_AFTER_MS = 400;

/** The dialog. */
export class Form {
  #fields = new Map();
  #touched = new Set();
  #timer = null;
  #round = 0;

  constructor(changed) {
    this.changed = changed;
    this.dialog = byId("form");
    this.select = byId("form-class");
    this.name = byId("form-name");
    this.other = byId("form-other");
    this.select.addEventListener("change", () => this.#draw({}));
    this.name.addEventListener("input", () => this.#edited("name"));
    this.other.addEventListener("input", () => this.#edited(null));
    byId("form-close").addEventListener("click", () => this.dialog.close());
    this.dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** Opens it empty, or with the configuration of `connector`. */
  async open(connector = null) {
    this.editing = connector;
    try {
      const plugins = await ask("connector-plugins");
      const config = connector === null ? {} : await ask(`connectors/${encodeURIComponent(connector)}/config`);
      this.#offer(plugins, config["connector.class"]);
      this.name.value = connector ?? "";
      this.name.readOnly = connector !== null;
      setText(byId("form-title"), connector === null ? "New connector" : `Edit ${connector}`);
      setText(byId("form-submit"), connector === null ? "Create" : "Save");
      byId("form-state-label").hidden = connector !== null;
      byId("form-error").hidden = true;
      await this.#draw(config);
      this.dialog.showModal();
      (connector === null ? this.name : byId("form-close")).focus();
    } catch (error) {
      note(error.message, "bad");
    }
  }

  #offer(plugins, chosen) {
    const groups = ["source", "sink"].map((type) => {
      const options = plugins.filter((plugin) => plugin.type === type).map((plugin) => {
        const simple = plugin.class.split(".").at(-1);
        return el("option", { value: plugin.class, textContent: simple, title: plugin.class });
      });
      return el("optgroup", { label: type }, ...options);
    });
    this.select.replaceChildren(...groups);
    if (chosen) {
      // A configuration may name its class by an alias.
      const known = plugins.find((plugin) => plugin.class === chosen || plugin.class.split(".").at(-1).startsWith(chosen));
      if (known) this.select.value = known.class;
      else this.select.append(el("option", { value: chosen, textContent: chosen, selected: true }));
    }
    this.select.disabled = this.editing !== null;
  }

  async #draw(config) {
    this.#fields.clear();
    this.#touched.clear();
    byId("form-error").hidden = true;
    const type = this.select.value;
    let keys = [];
    try {
      keys = await ask(`connector-plugins/${encodeURIComponent(type)}/config`);
    } catch (error) {
      this.#complain(error.message);
    }
    if (type !== this.select.value) return;
    const first = [];
    const groups = new Map();
    for (const key of keys.filter((key) => !APART.includes(key.name))) {
      const field = new Field(key, () => this.#edited(key.name));
      this.#fields.set(key.name, field);
      field.set(config[key.name]);
      if (!FOLDED.includes(key.group) || NEEDED.includes(key.name)) first.push(field.element);
      else groups.set(key.group, [...(groups.get(key.group) ?? []), field]);
    }
    const folded = [...groups].map(([group, fields]) => {
      const elements = fields.map((field) => field.element);
      const details = el("details", { className: "group" }, el("summary", { textContent: `${group} (${fields.length})` }));
      details.open = fields.some((field) => field.value() !== "");
      details.append(el("div", { className: "fields two" }, ...elements));
      return details;
    });
    byId("form-fields").replaceChildren(el("div", { className: "fields two own" }, ...first), ...folded);
    const unknown = Object.entries(config).filter(([key]) => !this.#fields.has(key) && !APART.includes(key));
    this.other.value = unknown.map(([key, value]) => `${key}=${value}`).join("\n");
    this.#showCurl();
    // The first check brings the values to offer; nothing is marked before it was touched.
    if (keys.length > 0) this.#check(false);
  }

  /** What the form says, as a configuration. Fields left empty stand for their defaults. */
  #config() {
    const config = { "connector.class": this.select.value };
    for (const [key, field] of this.#fields) if (field.value() !== "") config[key] = field.value();
    for (const line of this.other.value.split("\n")) {
      const at = line.indexOf("=");
      if (at > 0 && !line.trim().startsWith("#")) config[line.slice(0, at).trim()] = line.slice(at + 1).trim();
    }
    return config;
  }

  #edited(key) {
    if (key !== null) this.#touched.add(key);
    this.#showCurl();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(false), CHECK_AFTER_MS);
  }

  /** Asks the worker; tells only of fields that were touched, or of all. Answers whether all is well. */
  async #check(all) {
    this.#round += 1;
    const round = this.#round;
    const config = { ...this.#config(), name: this.name.value.trim() };
    let found;
    try {
      found = await ask(`connector-plugins/${encodeURIComponent(this.select.value)}/config/validate`, { method: "PUT", body: config });
    } catch (error) {
      this.#complain(error.message);
      return false;
    }
    // A later answer is on its way.
    if (round !== this.#round) return false;
    const elsewhere = [];
    let firstBad = null;
    for (const { value } of found.configs) {
      const shown = all || this.#touched.has(value.name);
      const sentence = shown ? value.errors.join(" ") : "";
      const field = this.#fields.get(value.name);
      field?.offer(value.recommended_values);
      if (value.name === "name") {
        showError(this.name, byId("form-name-error"), sentence);
        if (sentence) firstBad ??= this.name;
      } else if (field) {
        field.complain(sentence);
        if (sentence) firstBad ??= field.input;
      } else if (sentence) elsewhere.push(sentence);
    }
    showError(this.other, byId("form-other-error"), elsewhere.join(" "));
    if (all && firstBad) {
      firstBad.closest("details")?.setAttribute("open", "");
      firstBad.focus();
    }
    if (all && elsewhere.length) this.other.closest("details").open = true;
    return found.error_count === 0;
  }

  async #submit() {
    byId("form-error").hidden = true;
    const submit = byId("form-submit");
    submit.disabled = true;
    try {
      if (!(await this.#check(true))) {
        if (byId("form-error").hidden) this.#complain("Some keys need another value; they are marked above.");
        return;
      }
      const name = this.name.value.trim();
      if (this.editing === null) {
        const body = { name, config: this.#config(), initial_state: byId("form-state").value };
        await ask("connectors", { method: "POST", body });
        note(`${name} is created.`);
      } else {
        await ask(`connectors/${encodeURIComponent(name)}/config`, { method: "PUT", body: this.#config() });
        note(`${name} is changed.`);
      }
      this.dialog.close();
      this.changed();
    } catch (error) {
      this.#complain(error.message);
    } finally {
      submit.disabled = false;
    }
  }

  #complain(sentence) {
    const line = byId("form-error");
    setText(line, sentence);
    line.hidden = false;
  }

  #showCurl() {
    const name = this.name.value.trim() || "my-connector";
    const config = JSON.stringify(this.#config(), null, 2);
    const address = new URL(`../connectors/${encodeURIComponent(name)}/config`, document.baseURI);
    setText(byId("form-curl"), `curl -X PUT ${quoted(address.href)} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quoted(config)}`);
  }
}

/** One key: a label, an input of the right kind, what the key means, what is wrong. */
class Field {
  constructor(key, edited) {
    this.key = key;
    const id = `key-${key.name}`;
    this.input = this.#input(id);
    this.input.addEventListener("input", edited);
    this.error = el("p", { className: "error", id: `${id}-error`, hidden: true });
    const help = el("p", { className: "help", id: `${id}-help`, textContent: key.documentation });
    this.input.setAttribute("aria-describedby", `${id}-error ${id}-help`);
    const label = el("label", { htmlFor: id }, el("code", { textContent: key.name }));
    if (key.required) {
      this.input.required = true;
      label.append(el("span", { className: "required", textContent: "required" }));
    }
    this.element = el("div", { className: "field" }, label, this.input, this.error, help);
  }

  #input(id) {
    const { type, default_value: standard } = this.key;
    const placeholder = standard === null || standard === "" ? "" : standard;
    if (type === "BOOLEAN") {
      const unset = standard === null ? "not set" : `${standard} (default)`;
      const options = [["", unset], ["true", "true"], ["false", "false"]];
      return el("select", { id }, ...options.map(([value, textContent]) => el("option", { value, textContent })));
    }
    const isNumber = ["INT", "SHORT", "LONG", "DOUBLE"].includes(type);
    const isSecret = type === "PASSWORD";
    return el("input", {
      id,
      placeholder,
      type: isSecret ? "password" : "text",
      inputMode: isNumber ? "numeric" : "text",
      autocomplete: isSecret ? "new-password" : "off",
      spellcheck: false,
    });
  }

  set(value) {
    if (value === undefined || value === null) return;
    if (this.input.tagName === "SELECT" && ![...this.input.options].some((option) => option.value === value)) {
      this.input.append(el("option", { value, textContent: value }));
    }
    this.input.value = value;
  }

  value() {
    return this.input.value;
  }

  /** Values to choose from; others can still be typed. */
  offer(values) {
    if (this.input.tagName === "SELECT" || values.length === 0) return;
    const list = el("datalist", { id: `${this.input.id}-values` }, ...values.map((value) => el("option", { value })));
    document.getElementById(list.id)?.remove();
    this.element.append(list);
    this.input.setAttribute("list", list.id);
  }

  complain(sentence) {
    showError(this.input, this.error, sentence);
  }
}

function showError(input, line, sentence) {
  setText(line, sentence);
  line.hidden = sentence === "";
  if (sentence === "") input.removeAttribute("aria-invalid");
  else input.setAttribute("aria-invalid", "true");
}
