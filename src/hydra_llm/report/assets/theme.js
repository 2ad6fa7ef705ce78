// Light or dark before anything is painted: the reader's choice, else the system's.
(function () {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let own = null;
  try { own = localStorage.getItem("hydra-llm-theme"); } catch (error) { /* a file may have no storage */ }
  const apply = () => { root.dataset.theme = own || (system.matches ? "dark" : "light"); };
  system.addEventListener("change", apply);
  apply();
  window.switchTheme = () => {
    own = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("hydra-llm-theme", own); } catch (error) { /* it holds for this view only */ }
    apply();
  };
})();
