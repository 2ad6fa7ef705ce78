// The card of a trial. Every text of a run or a model is set as text, never as markup.
const page = JSON.parse(document.getElementById("sweep").textContent);
const byId = new Map(page.tree.nodes.map((node) => [node.id, node]));

function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === "class") element.className = value;
    else if (name === "on") element.addEventListener("click", value);
    else element.setAttribute(name, value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) element.append(child);
  }
  return element;
}

function short(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") {
    const text = value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)
      ? value.toExponential(digits - 1).replace(/\.?0+e/, "e") : String(Number(value.toPrecision(digits)));
    return text;
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const signed = (value) => (value >= 0 ? "+" : "−") + short(Math.abs(value), 3);
const lastPart = (key) => key.split(".").pop();
const changesText = (diff) => (diff || []).map(([key, a, b]) => `${lastPart(key)} ${short(a)} → ${short(b)}`).join("; ");

function seconds(value) {
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  const minutes = Math.round(value / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function replicates(node) {
  const values = node.trials.map((n) => page.trials[n].value).filter((value) => value !== null);
  if (!values.length) return null;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((a, b) => a + (b - mean) ** 2, 0);
  return { mean, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null, n: values.length };
}

function row(...cells) {
  return make("tr", {}, cells.map((cell) => make("td", typeof cell === "number" ? { class: "n" } : {}, short(cell))));
}

function table(heads, rows) {
  const head = make("tr", {}, heads.map((text) => make("th", { scope: "col" }, text)));
  return make("div", { class: "scroll" }, make("table", {}, make("thead", {}, head), make("tbody", {}, rows)));
}

function block(title, ...content) {
  return [make("h4", {}, title), ...content.flat()];
}

function predictionBar(prediction, value) {
  const ns = "http://www.w3.org/2000/svg";
  const points = [prediction.low, prediction.high].concat(value === null ? [] : [value]);
  const low = Math.min(...points), high = Math.max(...points), room = (high - low || 1) * 0.1;
  const x = (v) => 10 + 300 * (v - low + room) / (high - low + 2 * room);
  const svg = document.createElementNS(ns, "svg");
  const put = (tag, attributes) => {
    const element = document.createElementNS(ns, tag);
    for (const [name, attribute] of Object.entries(attributes)) element.setAttribute(name, attribute);
    svg.append(element);
  };
  for (const [name, attribute] of Object.entries({ viewBox: "0 0 320 22", width: "100%", role: "img" })) {
    svg.setAttribute(name, attribute);
  }
  svg.setAttribute("aria-label", `predicted ${short(prediction.low)} to ${short(prediction.high)}, was ${short(value)}`);
  const kind = prediction.holds === false ? "missed" : "held";
  put("line", { x1: 10, x2: 310, y1: 11, y2: 11, class: "grid" });
  put("line", { x1: x(prediction.low), x2: x(prediction.high), y1: 11, y2: 11, class: `predicted ${kind}`, "stroke-width": 8 });
  if (value !== null) {
    if (kind === "held") put("circle", { cx: x(value), cy: 11, r: 5, class: "result held" });
    else put("path", { d: `M${x(value) - 5},6l10,10m0,-10l-10,10`, class: "result missed" });
  }
  return svg;
}

function hypothesisPart(trial) {
  const parts = [], p = trial.prediction;
  if (p) {
    if (p.statement) parts.push(make("p", {}, p.statement));
    parts.push(predictionBar(p, trial.value));
    const outcome = p.holds === null ? "not decided" : p.holds ? "held" : "missed";
    const badge = make("span", { class: `badge ${p.holds === null ? "" : p.holds ? "good" : "bad"}` }, outcome);
    parts.push(make("p", {}, `predicted ${short(p.low)} to ${short(p.high)}, was ${short(trial.value)} `, badge));
    if (p.refuted_if) parts.push(make("p", { class: "mute small" }, `refuted if: ${p.refuted_if}`));
  } else if (trial.hypothesis) parts.push(make("p", {}, trial.hypothesis));
  if (trial.pool) parts.push(make("p", { class: "mute small" }, `The Gaussian process: ${trial.pool}`));
  return parts.length ? block("Hypothesis and outcome", parts) : [];
}

function words(trial) {
  const parts = [];
  if (trial.principle) parts.push(make("p", {}, `Tests the principle: ${trial.principle}`));
  if (trial.note) parts.push(make("p", {}, trial.note));
  for (const entry of trial.words || []) {
    const kind = entry.mode ? make("span", { class: "badge" }, entry.mode) : null;
    const sure = entry.confidence === null ? "" : ` ${Math.round(100 * entry.confidence)} %`;
    parts.push(make("p", {}, `“${entry.text}” `, kind, make("span", { class: "mute small" }, `${sure} (${entry.by})`)));
  }
  return parts.length ? block(`In the words of ${trial.author}`, parts) : [];
}

function figures(trial) {
  if (!trial.pictures) return [];
  const items = trial.pictures.map((picture) => make("a", { href: picture.href },
    picture.src ? make("img", { src: picture.src, alt: picture.name, loading: "lazy" }) : null, picture.name));
  return block("Figures", make("div", { class: "thumbs" }, items));
}

function family(node) {
  const go = (id) => make("button", { on: () => window.choose(id), type: "button" }, String(id));
  const parts = [];
  if (node.parent !== null) parts.push(make("span", { class: "mute" }, "parent "), go(node.parent));
  if (node.children.length) parts.push(make("span", { class: "mute" }, " children "), ...node.children.map(go));
  return parts.length ? [make("div", { class: "chips" }, parts)] : [];
}

function showCard(id, number) {
  const node = byId.get(id), trial = page.trials[number === undefined ? id : number];
  const card = document.getElementById("card"), parts = [];
  const bad = !["COMPLETED", "RUNNING"].includes(trial.state);
  parts.push(make("h3", {}, `Trial ${trial.n} `, make("span", { class: `badge ${bad ? "bad" : ""}` }, trial.state.toLowerCase())));
  parts.push(make("p", { class: "mute small" }, `block ${trial.block} · ${trial.role} / ${trial.strategy} · ${trial.by}`));
  parts.push(make("p", { class: "big" }, trial.value === null ? "no value" : trial.result || `${page.metric} ${short(trial.value)}`));
  const all = node ? replicates(node) : null;
  if (node && node.trials.length > 1 && all) {
    parts.push(make("p", {}, `${node.trials.length} runs of this configuration, mean ${short(all.mean)}${all.sd === null ? "" : ` ± ${short(all.sd, 2)} (sd)`}`));
    parts.push(make("div", { class: "chips", role: "group", "aria-label": "runs of this configuration" }, node.trials.map((n) =>
      make("button", { type: "button", "aria-pressed": String(n === trial.n), on: () => showCard(id, n) }, `run ${n}`))));
  }
  if (trial.effect) {
    const sure = trial.effect.certainty === null ? "noise unknown" : `${Math.round(100 * trial.effect.certainty)} % certain`;
    const better = trial.effect.gain > 0 ? "better" : trial.effect.gain < 0 ? "worse" : "equal";
    parts.push(make("p", {}, `${signed(trial.effect.change)} against the parent: ${better}, ${sure}`));
  }
  if (trial.diff && trial.diff.length) {
    parts.push(...block(node && node.parent !== null ? `Changed against trial ${node.parent}` : "Changed against the baseline",
      table(["parameter", "before", "here"], trial.diff.map((change) => row(...change)))));
  } else if (trial.purpose === "confirm") parts.push(make("p", {}, `Confirmation of trial ${trial.parent} on fresh seeds, ${trial.budget} budget.`));
  else parts.push(make("p", {}, "Nothing was changed: a baseline or a rerun."));
  parts.push(...hypothesisPart(trial), ...words(trial));
  if (trial.error) {
    parts.push(...block(trial.state === "PRUNED" ? "Stopped early" : "Error", make("p", {}, trial.error)));
    if (trial.traceback) parts.push(make("details", {}, make("summary", {}, "End of the traceback"), make("pre", {}, trial.traceback)));
  }
  parts.push(...figures(trial));
  const seeds = Object.entries(trial.seeds || {}).map(([key, value]) => `${key}=${value}`).join(", ");
  const facts = [];
  if (trial.seconds !== undefined) facts.push(`ran ${seconds(trial.seconds)}`);
  if (trial.attempt) facts.push(`launched ${trial.attempt} times`);
  if (trial.cost) facts.push(trial.cost);
  parts.push(...block("Seeds and cost", make("p", {}, `${seeds ? `seeds ${seeds}` : "seeds as configured"}${facts.length ? " · " + facts.join(" · ") : ""}`)));
  const pairs = (title, object) => Object.keys(object || {}).length
    ? [make("details", {}, make("summary", {}, title), table(["name", "value"], Object.entries(object).map((pair) => row(...pair))))] : [];
  parts.push(...pairs("Configuration", trial.values), ...pairs("All metrics", trial.metrics));
  if (node) parts.push(...family(node));
  card.replaceChildren(...parts);
  card.scrollTop = 0;
}
