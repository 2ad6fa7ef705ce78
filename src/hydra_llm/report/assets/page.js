// Scrubber, zoom, hover, tables, printing, and what is remembered when a running sweep's page is loaded again.
const scrub = document.getElementById("scrub");
let playing = null;

function stepText(step) {
  if (step === 0) return `before the first of ${page.steps} results`;
  const trial = page.trials[page.order[step - 1]];
  const value = trial.value === null ? trial.state.toLowerCase() : trial.result || `${page.metric} ${short(trial.value)}`;
  const what = changesText(trial.diff) || (trial.purpose === "confirm" ? "confirmation" : "no change");
  return `${step} of ${page.steps} results · trial ${trial.n}: ${what}: ${value}`;
}

function scrubTo(step) {
  step = Math.max(0, Math.min(page.steps, step));
  scrub.value = String(step);
  const { best, states } = drawTree(step);
  const text = stepText(step);
  const leader = best === null ? "" : ` · best so far: trial ${best}, ${page.score_name} ${short(page.sign * states.get(best).mean)}`;
  document.getElementById("when").textContent = text + leader;
  scrub.setAttribute("aria-valuetext", text);
  const head = document.getElementById("playhead");
  if (head) {
    const chart = document.getElementById("curve"), left = Number(chart.dataset.left), right = Number(chart.dataset.right);
    const x = (left + ((right - left) * step) / Math.max(1, page.steps)).toFixed(1);
    head.setAttribute("x1", x);
    head.setAttribute("x2", x);
    for (const dot of document.querySelectorAll("#curve .dot")) {
      const told = page.trials[dot.dataset.trial].told;
      dot.classList.toggle("later", told === undefined || told > step);
    }
  }
  remember();
}

function stop() {
  clearInterval(playing);
  playing = null;
  document.getElementById("play").textContent = "Play";
}

function play() {
  if (playing !== null) return stop();
  if (Number(scrub.value) >= page.steps) scrubTo(0);
  document.getElementById("play").textContent = "Pause";
  const pause = Math.max(40, Math.min(400, 24000 / Math.max(1, page.steps)));
  playing = setInterval(() => {
    scrubTo(Number(scrub.value) + 1);
    if (Number(scrub.value) >= page.steps) stop();
  }, pause);
}

// ---- zoom of the tree ----
let zoom = 1;
function zoomTo(factor) {
  const [, , width, height] = tree.getAttribute("viewBox").split(" ").map(Number);
  zoom = Math.max(0.25, Math.min(2.5, factor));
  tree.setAttribute("width", (width * zoom).toFixed(0));
  tree.setAttribute("height", (height * zoom).toFixed(0));
}
function fit() {
  const [, , width] = tree.getAttribute("viewBox").split(" ").map(Number);
  zoomTo(Math.min(1.15, (document.querySelector(".viewport").clientWidth - 4) / width));
}

// ---- hover ----
const tip = document.getElementById("tip");
function tipText(id) {
  const node = byId.get(id), trial = page.trials[id], all = replicates(node);
  const lines = [`trial ${id}` + (node.trials.length > 1 ? `, ${node.trials.length} runs` : "")];
  lines.push(all ? `${page.metric} ${short(all.mean)}${all.sd === null ? "" : ` ± ${short(all.sd, 2)}`}` : trial.state.toLowerCase());
  const changes = changesText(trial.diff);
  if (changes) lines.push(changes);
  if (trial.effect) lines.push(`${signed(trial.effect.change)} against the parent`);
  return lines.join("\n");
}
document.addEventListener("pointermove", (event) => {
  const g = event.pointerType === "touch" ? null : event.target.closest && event.target.closest(".node");
  tip.style.display = g ? "block" : "none";
  if (!g) return;
  tip.textContent = tipText(Number(g.dataset.node));
  const x = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8);
  const y = event.clientY + 18 + tip.offsetHeight > window.innerHeight ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18;
  tip.style.left = `${x}px`;
  tip.style.top = `${y}px`;
});
document.addEventListener("click", (event) => {
  const mark = event.target.closest && event.target.closest("[data-trial], .trace[data-node]");
  if (!mark) return;
  const number = Number(mark.dataset.trial !== undefined ? mark.dataset.trial : mark.dataset.node);
  const trial = page.trials[number];
  if (!trial) return;
  if (trial.node === undefined) showCard(null, number);
  else choose(trial.node, { trial: number });
  if (mark.tagName === "BUTTON") document.getElementById("card").scrollIntoView({ block: "center" });
});

// ---- tables that sort ----
for (const head of document.querySelectorAll("table.sortable th")) {
  const button = make("button", { type: "button" }, head.textContent);
  head.replaceChildren(button);
  button.addEventListener("click", () => {
    const rows = head.closest("table").tBodies[0], index = head.cellIndex;
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (tr) => { const text = tr.cells[index].dataset.value ?? tr.cells[index].textContent.trim(); const n = Number(text); return text !== "" && !Number.isNaN(n) ? n : text; };
    const sorted = [...rows.rows].sort((a, b) => {
      const x = key(a), y = key(b), order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
      return down ? -order : order;
    });
    rows.append(...sorted);
  });
}

// ---- printing: nothing stays folded ----
let folded = [];
window.addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((details) => { details.open = true; });
});
window.addEventListener("afterprint", () => folded.forEach((details) => { details.open = false; }));

// ---- the section in view, marked in the navigation ----
if ("IntersectionObserver" in window) {
  const links = new Map([...document.querySelectorAll("nav a")].map((a) => [a.hash.slice(1), a]));
  const watch = new IntersectionObserver((entries) => entries.forEach((entry) => {
    const link = links.get(entry.target.id);
    if (link) link.classList.toggle("here", entry.isIntersecting);
  }), { rootMargin: "-20% 0px -60% 0px" });
  document.querySelectorAll("main section").forEach((section) => watch.observe(section));
}

// ---- a running sweep: load the page again, and stand where the reader stood ----
function remember() {
  if (!page.reload_s) return;
  const atEnd = scrub && Number(scrub.value) >= page.steps;
  const view = { node: chosenNode, step: atEnd || !scrub ? null : Number(scrub.value), y: window.scrollY };
  try { sessionStorage.setItem(page.key, JSON.stringify(view)); } catch (error) { /* it starts anew */ }
}
let view = {};
if (page.reload_s) {
  try { view = JSON.parse(sessionStorage.getItem(page.key) || "{}"); } catch (error) { view = {}; }
  setInterval(() => {
    if (playing === null && !document.hidden) { remember(); window.location.reload(); }
  }, 1000 * page.reload_s);
}

// ---- commands to copy ----
function copied(button, label) {
  const text = button.dataset.command;
  const done = (said) => { button.textContent = said; setTimeout(() => { button.textContent = label; }, 1600); };
  const byHand = () => { window.prompt("Copy this command:", text); };
  if (!navigator.clipboard) return byHand();
  navigator.clipboard.writeText(text).then(() => done("Copied"), byHand);
}
for (const button of document.querySelectorAll("button.copy")) {
  const label = button.textContent;  // read once: a second click finds "Copied" there
  button.title = button.dataset.command;
  button.addEventListener("click", () => copied(button, label));
}

document.getElementById("theme").addEventListener("click", () => window.switchTheme());
if (tree && scrub) {
  scrub.addEventListener("input", () => { stop(); scrubTo(Number(scrub.value)); });
  document.getElementById("play").addEventListener("click", play);
  document.getElementById("back").addEventListener("click", () => { stop(); scrubTo(Number(scrub.value) - 1); });
  document.getElementById("forward").addEventListener("click", () => { stop(); scrubTo(Number(scrub.value) + 1); });
  document.getElementById("larger").addEventListener("click", () => zoomTo(zoom * 1.25));
  document.getElementById("smaller").addEventListener("click", () => zoomTo(zoom / 1.25));
  document.getElementById("fit").addEventListener("click", fit);
  const first = view.node !== undefined && byId.has(view.node) ? view.node : page.best !== null ? page.best : page.tree.nodes.length ? page.tree.nodes[0].id : null;
  const room = document.querySelector(".viewport").clientWidth / tree.viewBox.baseVal.width;
  if (room > 1.1) zoomTo(Math.min(1.45, room * 0.98)); // a small tree may be drawn larger, a large one scrolls
  scrubTo(view.step ?? page.steps);
  if (first !== null) choose(first);
  if (view.y) window.scrollTo(0, view.y);
}
document.documentElement.dataset.ready = "yes";
