// The to-do queue by keyboard. Every act is a form or a link of the page: without this file they are tapped.
(function () {
  "use strict";

  var STORE = "linli.keys";
  var table = document.querySelector("[data-queue]");
  var panel = document.getElementById("keys");
  var toggle = document.getElementById("keys-on");
  var happened = document.getElementById("happened");

  function rows() {
    return table ? Array.prototype.slice.call(table.querySelectorAll("[data-row]")) : [];
  }

  function on() {
    return !toggle || toggle.checked;
  }

  // A preference of this device (WCAG 2.1.4): storage may be closed, then it holds for this page.
  function remember(value) {
    try { localStorage.setItem(STORE, value); } catch (error) { /* private window */ }
  }

  if (toggle) {
    try { toggle.checked = localStorage.getItem(STORE) !== "off"; } catch (error) { /* private window */ }
    toggle.addEventListener("change", function () { remember(toggle.checked ? "on" : "off"); });
  }

  function current() {
    var focused = document.activeElement && document.activeElement.closest("[data-row]");
    return focused || null;
  }

  function go(row) {
    if (!row) return;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function step(by) {
    var all = rows(), at = all.indexOf(current());
    go(at < 0 ? all[0] : all[Math.min(Math.max(at + by, 0), all.length - 1)]);
  }

  function press(selector) {
    var row = current(), button = row && row.querySelector(selector);
    if (button) button.click();
    // Nothing of the kind in this row: its link says why.
    else if (row && selector === "[data-act=a]") row.querySelector("[data-open]").focus();
  }

  var acts = {
    j: function () { step(1); },
    k: function () { step(-1); },
    a: function () { press("[data-act=a]"); },
    r: function () { press("[data-act=r]"); },
    u: function () {
      var button = document.querySelector(".undo button");
      if (button) button.click();
    },
    "?": function () {
      if (!panel) return;
      panel.open = !panel.open;
      if (panel.open) panel.querySelector("summary").focus();
    }
  };

  function typing(target) {
    return target.isContentEditable || target.closest("textarea,select,input:not([type=checkbox]):not([type=radio])");
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat && event.key !== "j" && event.key !== "k") return;
    if (typing(event.target)) return;
    // Enter opens the row that has the focus itself: on a button or a link it does what it always does.
    if (event.key === "Enter" && event.target.hasAttribute("data-row") && on()) return press("[data-open]");
    var act = acts[event.key.toLowerCase()];
    if (!act || !on()) return;
    event.preventDefault();
    act();
  });

  // All of this page at once, and how many are chosen.
  var pick = document.getElementById("pick");
  if (pick) {
    var all = pick.querySelector("[data-all]"), chosen = pick.querySelector("[data-chosen]");
    var boxes = Array.prototype.slice.call(document.querySelectorAll("input[form=pick]"));
    var count = function () {
      var many = boxes.filter(function (box) { return box.checked; }).length;
      chosen.textContent = many ? chosen.dataset.chosen.replace("#", many) : "";
    };
    all.setAttribute("role", "button");
    all.addEventListener("click", function (event) {
      event.preventDefault();
      var fill = boxes.some(function (box) { return !box.checked; });
      boxes.forEach(function (box) { box.checked = fill; });
      count();
    });
    boxes.forEach(function (box) { box.addEventListener("change", count); });
    count();
  }

  // What happened is read out when the page has settled; then the next thing to do has the focus.
  if (happened) {
    var words = happened.querySelector("b"), text = words.textContent;
    words.textContent = "";
    setTimeout(function () { words.textContent = text; }, 120);
    var next = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    window.scrollTo(0, 0);
    go(next || rows()[0] || happened);
  }

  // When the time of undoing is over, the button goes; the server would refuse it anyway.
  Array.prototype.forEach.call(document.querySelectorAll("[data-undo]"), function (form) {
    setTimeout(function () { form.hidden = true; }, Number(form.dataset.undo));
  });
})();
