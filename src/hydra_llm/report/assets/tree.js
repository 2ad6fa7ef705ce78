// The tree as it stood after so many results. Same numbers and rules as sections/tree.py, which drew the last state.
const nodeElements = new Map([...document.querySelectorAll("#tree .node")].map((g) => [Number(g.dataset.node), g]));
const edgeElements = new Map([...document.querySelectorAll("#tree .edge")].map((path) => [Number(path.dataset.edge), path]));
const BAD = new Set(["INVALID", "FAILED", "TIMEOUT"]);

function erf(x) { // Abramowitz & Stegun 7.1.26, error below 1.5e-7
  const t = 1 / (1 + 0.3275911 * x);
  return 1 - (((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-x * x);
}

function standing(node, step) {
  const scores = [];
  let failures = 0, asked = false, pending = 0;
  for (const number of node.trials) {
    const trial = page.trials[number];
    if (trial.asked > step) continue;
    asked = true;
    const ended = typeof trial.told === "number" && trial.told <= step;
    if (!ended) pending += 1;
    else if (trial.score !== null && ["COMPLETED", "PRUNED"].includes(trial.state)) scores.push(trial.score);
    else if (BAD.has(trial.state) || trial.state === "PRUNED") failures += 1;
  }
  const mean = scores.length ? scores.reduce((a, b) => a + b, 0) / scores.length : null;
  return { asked, mean, n: scores.length, runs: scores.length + failures, failed: failures > 0 && !scores.length, pending };
}

function shadesAt(states) {
  const shades = new Map();
  for (const block of Object.keys(page.tree.spread)) {
    const scored = page.tree.nodes.map((node, index) => ({ node, index })).filter(({ node }) =>
      String(node.block) === block && states.get(node.id).mean !== null);
    scored.sort((a, b) => states.get(a.node.id).mean - states.get(b.node.id).mean || b.index - a.index);
    scored.forEach(({ node }, i) => shades.set(node.id, Math.min(page.tree.shades - 1, Math.floor((i * page.tree.shades) / scored.length))));
  }
  return shades;
}

function edgeLook(node, states) {
  const own = states.get(node.id), parent = node.parent === null ? null : states.get(node.parent);
  const { thin, thick, unknown } = page.tree.width;
  if (!parent || own.mean === null || parent.mean === null) return { kind: "none", width: unknown };
  const gain = own.mean - parent.mean, size = Math.abs(gain) / page.tree.scale;
  const strength = page.tree.levels.filter((limit) => size > limit).length;
  const level = gain >= 0 ? strength : -strength;
  const spread = page.tree.spread[node.block];
  let width = unknown;
  if (spread !== null) {
    const error = spread * Math.sqrt(1 / own.n + 1 / parent.n);
    const sure = error === 0 ? (gain ? 1 : 0) : erf(Math.abs(gain) / error / Math.SQRT2);
    width = thin + (thick - thin) * sure ** 2;
  }
  return { kind: `e${level === 0 ? 0 : level}`, width };
}

function drawTree(step) {
  const states = new Map(page.tree.nodes.map((node) => [node.id, standing(node, step)]));
  const shades = shadesAt(states);
  let best = null;
  for (const [id, state] of states) {
    if (state.mean !== null && (best === null || state.mean > states.get(best).mean)) best = id;
  }
  if (step >= page.steps) best = page.best; // by the reward of the search, which need not be the mean
  for (const node of page.tree.nodes) {
    const state = states.get(node.id), g = nodeElements.get(node.id), edge = edgeElements.get(node.id);
    const chosen = ["chosen", "lineage"].filter((name) => g.classList.contains(name));
    const status = state.failed ? "failed" : shades.has(node.id) ? `s${shades.get(node.id)}` : "open";
    g.setAttribute("class", ["node", status, node.id === best ? "best" : "", step >= page.steps && page.front.includes(node.id) ? "front" : "", state.asked ? "" : "hidden", ...chosen].filter(Boolean).join(" "));
    const { base, per_run: perRun, most } = page.tree.radius;
    const radius = Math.min(most, base + perRun * (Math.max(1, state.runs) - 1));
    g.querySelector(".disc").setAttribute("r", radius.toFixed(2));
    g.querySelector(".ring").setAttribute("r", (radius + 3.5).toFixed(2));
    if (edge) {
      const look = edgeLook(node, states);
      edge.setAttribute("class", `edge ${look.kind}${state.asked ? "" : " hidden"}`);
      edge.setAttribute("stroke-width", look.width.toFixed(2));
    }
  }
  return { states, best };
}

// ---- choosing a node ----
let chosenNode = null;

function choose(id, options) {
  if (!nodeElements.has(id)) return;
  chosenNode = id;
  const lineage = new Set();
  for (let node = byId.get(id); node; node = node.parent === null ? null : byId.get(node.parent)) lineage.add(node.id);
  for (const [number, g] of nodeElements) {
    g.classList.toggle("chosen", number === id);
    g.classList.toggle("lineage", number !== id && lineage.has(number));
    g.setAttribute("tabindex", number === id ? "0" : "-1");
  }
  for (const element of document.querySelectorAll(".dot, .trace")) {
    const own = element.dataset.node !== undefined ? Number(element.dataset.node) : (page.trials[element.dataset.trial] || {}).node;
    element.classList.toggle("chosen", own === id);
  }
  showCard(id, options && options.trial);
  if (options && options.focus) nodeElements.get(id).focus({ preventScroll: true });
  reveal(nodeElements.get(id));
  if (options && options.scroll && window.matchMedia("(max-width: 980px)").matches) {
    document.getElementById("card").scrollIntoView({ block: "nearest" }); // there it stands below the tree
  }
  remember();
}
window.choose = choose;

function reveal(g) { // scroll the tree's own box, never the page
  const box = document.querySelector(".viewport"), outer = box.getBoundingClientRect(), inner = g.getBoundingClientRect();
  if (inner.top < outer.top + 20) box.scrollTop += inner.top - outer.top - 60;
  if (inner.bottom > outer.bottom - 20) box.scrollTop += inner.bottom - outer.bottom + 60;
  if (inner.left < outer.left + 20) box.scrollLeft += inner.left - outer.left - 80;
  if (inner.right > outer.right - 20) box.scrollLeft += inner.right - outer.right + 80;
}

function visible(id) { return id !== null && id !== undefined && !nodeElements.get(id).classList.contains("hidden"); }

function neighbour(id, key) { // left: parent, right: first child, up and down: the nearest above or below
  const node = byId.get(id);
  if (key === "ArrowLeft") return node.parent;
  if (key === "ArrowRight") return node.children.find(visible);
  if (key === "Home") return page.tree.nodes[0].id;
  if (key === "End") return page.best;
  const at = (number) => nodeElements.get(number).getAttribute("transform").match(/-?[\d.]+/g).map(Number);
  const [x, y] = at(id), down = key === "ArrowDown" ? 1 : -1;
  let found = null, least = Infinity;
  for (const other of nodeElements.keys()) {
    const [ox, oy] = at(other);
    if (other === id || !visible(other) || (oy - y) * down < 10) continue;
    const distance = Math.abs(oy - y) + 2.2 * Math.abs(ox - x);
    if (distance < least) { least = distance; found = other; }
  }
  return found;
}

const tree = document.getElementById("tree");
if (tree) {
  tree.addEventListener("click", (event) => {
    const g = event.target.closest(".node");
    if (g) choose(Number(g.dataset.node), { focus: true, scroll: true });
  });
  tree.addEventListener("keydown", (event) => {
    const g = event.target.closest(".node");
    if (!g) return;
    const id = Number(g.dataset.node);
    if (["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) {
      const next = neighbour(id, event.key);
      event.preventDefault();
      if (visible(next)) choose(next, { focus: true });
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(id, { focus: true });
    }
  });
}
