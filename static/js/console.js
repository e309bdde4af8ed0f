// Comfort on top of screens that work without it. Listeners sit on the document, so swaps never lose them.
(function () {
  "use strict";

  var body = document.body;
  var drawer = document.getElementById("drawer");
  var waitingForGo = 0;
  var opener = null;
  var lastRow = ""; // id of the row the last request came from

  function closest(event, selector) {
    return event.target instanceof Element ? event.target.closest(selector) : null;
  }

  // Menus, banners, copy, folding ------------------------------------------------------------------------------

  function closeMenus(except) {
    document.querySelectorAll("details[data-menu][open]").forEach(function (menu) {
      if (menu !== except) menu.removeAttribute("open");
    });
  }

  function copy(button) {
    if (!navigator.clipboard) return;
    navigator.clipboard.writeText(button.dataset.copy).then(function () { say("Copied."); }, function () { say("Could not copy."); });
  }

  function foldSidebar() {
    var narrow = document.documentElement.classList.toggle("sidebar-narrow");
    showFold();
    try { localStorage.setItem("sidebar", narrow ? "narrow" : "wide"); } catch (error) { /* not remembered */ }
  }

  function showFold() {
    var fold = document.querySelector("[data-sidebar-fold]");
    if (fold) fold.setAttribute("aria-pressed", String(document.documentElement.classList.contains("sidebar-narrow")));
  }

  function openRow(event) {
    var row = closest(event, "[data-href]");
    if (!row || closest(event, "a, button, input, label, select, textarea, summary, .cell-actions")) return;
    if (String(window.getSelection())) return;
    if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
    else window.location.assign(row.dataset.href);
  }

  document.addEventListener("click", function (event) {
    closeMenus(closest(event, "details[data-menu]"));
    var button = closest(event, "[data-copy]");
    if (button) return copy(button);
    if (closest(event, "[data-sidebar-fold]")) return foldSidebar();
    button = closest(event, "[data-close]");
    if (button) { button.closest(".banner").remove(); return undefined; }
    if (closest(event, "[data-refused]")) { event.preventDefault(); return undefined; }
    if (drawer && drawer.open && closest(event, "[data-close-drawer]")) { event.preventDefault(); drawer.close(); return undefined; }
    if (event.target === drawer) { drawer.close(); return undefined; }
    return openRow(event);
  });

  // Ticking rows -------------------------------------------------------------------------------------------------

  function showTicked(box) {
    var ticks = Array.from(box.querySelectorAll("[data-tick]"));
    var count = ticks.filter(function (tick) { return tick.checked; }).length;
    var all = box.querySelector("[data-tick-all]");
    if (all) { all.checked = count > 0 && count === ticks.length; all.indeterminate = count > 0 && count < ticks.length; }
    var line = box.querySelector("[data-bulk-count]");
    if (line) line.textContent = count ? count + " ticked" : "None ticked";
    var bar = box.querySelector("[data-bulk-bar]");
    if (bar) bar.hidden = !count;
  }

  document.addEventListener("change", function (event) {
    var box = closest(event, ".table-box");
    if (!box) return;
    if (closest(event, "[data-tick-all]")) {
      box.querySelectorAll("[data-tick]").forEach(function (tick) { tick.checked = event.target.checked; });
    }
    if (closest(event, "[data-tick-all], [data-tick]")) showTicked(box);
  });

  // Sending once -------------------------------------------------------------------------------------------------

  function busy(form, on) {
    form.querySelectorAll("button:not([type=button])").forEach(function (button) {
      if (on) button.setAttribute("aria-busy", "true"); else button.removeAttribute("aria-busy");
    });
  }

  document.addEventListener("submit", function (event) {
    var form = closest(event, "form[data-once]");
    if (!form) return;
    if (form.querySelector("[aria-busy=true]")) { event.preventDefault(); event.stopPropagation(); return; }
    busy(form, true);
  }, true);
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-once]").forEach(function (form) { busy(form, false); });
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (event.target instanceof HTMLFormElement) busy(event.target, false);
  });

  // After a swap -------------------------------------------------------------------------------------------------

  function say(text) {
    var line = document.getElementById("toast");
    if (!line) return;
    line.textContent = text;
    window.clearTimeout(say.timer);
    say.timer = window.setTimeout(function () { line.textContent = ""; }, 6000);
  }

  document.addEventListener("htmx:beforeRequest", function (event) {
    var error = document.getElementById("server-error");
    if (error) error.hidden = true;
    var row = event.detail.elt.closest("[data-row]");
    if (row) lastRow = row.id;
    if (event.detail.target && event.detail.target.id === "drawer-body" && !drawer.open) {
      opener = document.activeElement;
      if (!row) lastRow = "";
    }
  });

  function focusFirst(selectors) {
    selectors.some(function (selector) {
      var found = drawer.querySelector(selector);
      if (found) found.focus();
      return found;
    });
  }

  document.addEventListener("htmx:configRequest", function (event) { // empty filters stay out of the address
    if (event.detail.verb !== "get" || !event.detail.formData) return;
    Array.from(event.detail.formData.entries()).forEach(function (pair) {
      if (pair[1] === "") event.detail.formData.delete(pair[0]);
    });
  });

  document.addEventListener("htmx:afterSwap", function (event) {
    var target = event.detail.target;
    if (target && target.id === "drawer-body" && drawer) {
      if (!drawer.open) drawer.showModal();
      focusFirst([".field-wrong :is(input, select, textarea)", ".field :is(input, select, textarea)", ".confirm-title"]);
    }
    if (target && target.id === "messages") target.scrollIntoView({ block: "nearest" });
    document.querySelectorAll(".table-box").forEach(showTicked);
    markWideTables();
  });

  if (drawer) drawer.addEventListener("close", function () {
    var back = opener && opener.isConnected ? opener : document.getElementById(lastRow);
    if (back) back.focus();
    document.getElementById("drawer-body").replaceChildren();
  });

  document.addEventListener("console:outcome", function (event) {
    say(event.detail.message);
    if (!event.detail.done) return;
    if (drawer && drawer.open) drawer.close();
    window.setTimeout(function () { // after the swap that follows this event
      var decided = document.getElementById(lastRow);
      if (decided) focusRow(neighbour(decided, 1) || decided);
    }, 60);
  });

  function serverError(text) {
    var banner = document.getElementById("server-error");
    if (!banner) return;
    if (text) banner.querySelector("[data-server-error-text]").textContent = text;
    banner.hidden = false;
  }
  document.addEventListener("htmx:responseError", function (event) {
    if (event.detail.xhr.status === 404) serverError("It is no longer there. Reload the page to see what is.");
    else serverError("The server did not answer as it should. Nothing was changed on this screen.");
  });
  document.addEventListener("htmx:sendError", function () { serverError("The server cannot be reached. Check your connection."); });

  // Keyboard -----------------------------------------------------------------------------------------------------

  function rows() { return Array.from(document.querySelectorAll("[data-row]")); }

  function neighbour(row, step) {
    var all = rows();
    return all[all.indexOf(row) + step];
  }

  function currentRow() {
    var marked = document.querySelector("[data-row].is-current");
    return (document.activeElement && document.activeElement.closest("[data-row]")) || marked;
  }

  function focusRow(row) {
    document.querySelectorAll("[data-row].is-current").forEach(function (other) { other.classList.remove("is-current"); });
    row.classList.add("is-current");
    (row.querySelector(".row-link") || row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    var row = currentRow();
    var next = row ? neighbour(row, step) : rows()[0];
    if (next) focusRow(next);
  }

  function press(key) {
    var row = currentRow();
    var scope = row && row.querySelector("[data-key='" + key + "']") ? row : document.querySelector(".page-head-actions");
    var button = scope && scope.querySelector("[data-key='" + key + "']");
    if (button && button.closest("form")) button.focus(); // never act at once
    else if (button) button.click();
  }

  function go(key) {
    var link = document.querySelector("[data-go='" + CSS.escape(key) + "']");
    if (link) link.click();
  }

  var keys = {
    j: function () { move(1); },
    k: function () { move(-1); },
    x: function () {
      var tick = currentRow() && currentRow().querySelector("[data-tick]");
      if (tick) tick.click();
    },
    a: function () { press("a"); },
    r: function () { press("r"); },
    "/": function () { document.querySelector("[data-search]").focus(); },
    "?": function () { var link = document.querySelector("[data-help]"); if (link) link.click(); },
    g: function () { waitingForGo = Date.now(); },
    Enter: function () {
      var row = currentRow();
      if (row && row.dataset.href && document.activeElement === row) window.location.assign(row.dataset.href);
      else return false;
      return true;
    }
  };

  function typing(target) {
    return target instanceof Element && target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]");
  }

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") return escape(event);
    if (body.dataset.shortcuts !== "on" || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    if (typing(event.target) || (drawer && drawer.open)) return undefined;
    if (waitingForGo && Date.now() - waitingForGo < 1500 && event.key.length === 1) {
      waitingForGo = 0;
      event.preventDefault();
      return go(event.key);
    }
    if (keys[event.key] && Object.hasOwn(keys, event.key) && keys[event.key]() !== false) event.preventDefault();
    return undefined;
  });

  function escape(event) {
    if (typing(event.target)) event.target.blur();
    if (window.location.hash === "#sidebar") window.location.hash = "#main";
    closeMenus(null);
    document.querySelectorAll(".is-current").forEach(function (row) { row.classList.remove("is-current"); });
  }

  function markWideTables() {
    document.querySelectorAll(".table-scroll").forEach(function (box) {
      box.classList.remove("is-wide");
      box.classList.toggle("is-wide", box.scrollWidth > box.clientWidth);
    });
  }

  function centreLineage() {
    document.querySelectorAll(".lineage-scroll").forEach(function (box) {
      var focus = box.querySelector(".ln-focus");
      if (!focus) return;
      var middle = focus.getBoundingClientRect().left - box.getBoundingClientRect().left + focus.getBoundingClientRect().width / 2;
      box.scrollLeft += middle - box.clientWidth / 2;
    });
  }

  centreLineage();
  markWideTables();
  window.addEventListener("resize", markWideTables);
  showFold();
  document.querySelectorAll(".table-box").forEach(showTicked);
})();
