// What is being written stays on this phone until it is sent, for who wrote it. Everything works without this file.
(function () {
  "use strict";

  var STORE = "linli.mine", path = location.pathname, sent = false;
  var form = document.querySelector("form[data-draft]");
  if (!form) return;
  var fields = Array.prototype.filter.call(form.elements, function (field) { return field.matches("textarea,input[type=text]"); });

  function mine() {
    try { return JSON.parse(localStorage.getItem(STORE)) || {}; } catch (error) { return {}; }
  }

  function keep(words) {
    var all = mine();
    all.drafts = all.drafts || {};
    if (words) all.drafts[path] = { who: form.dataset.draft, at: Date.now(), title: document.querySelector("h1").textContent, words: words, sent: sent };
    else delete all.drafts[path];
    try { localStorage.setItem(STORE, JSON.stringify(all)); } catch (error) { /* private window */ }
  }

  function written() {
    var words = {}, any = false;
    fields.forEach(function (field) { any = (words[field.name] = field.value) || any; });
    return any && words;
  }

  var old = (mine().drafts || {})[path];
  if (old && old.who !== form.dataset.draft) keep();
  else if (old && Date.now() - old.at < 6048e5) fields.forEach(function (field) {
    if (field.value || !old.words[field.name]) return;
    field.value = old.words[field.name];
    document.getElementById("draft").hidden = false;
  });

  form.addEventListener("input", function () {
    sent = false;
    keep(written());
  });
  form.addEventListener("submit", function () { sent = true; });
  // The page went away with its form; the next page tells whether it came.
  window.addEventListener("pagehide", function () {
    if (sent) keep(written());
  });
  if (navigator.serviceWorker) navigator.serviceWorker.addEventListener("message", function () { sent = false; });
})();
