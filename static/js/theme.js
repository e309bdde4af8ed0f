// Runs before the first paint: the theme and the width of the menu, so that nothing flashes.
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    if ((root.dataset.theme || "system") === "system") {
      root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
    }
  }
  dark.addEventListener("change", apply);
  apply();
  root.classList.add("js");
  try {
    if (localStorage.getItem("sidebar") === "narrow") root.classList.add("sidebar-narrow");
  } catch (error) { /* storage is switched off: the menu is wide */ }
})();
