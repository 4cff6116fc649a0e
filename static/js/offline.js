// The page without a signal, and what was noted on it. Without this file both pages still say what to do.
(function () {
  "use strict";

  var STORE = "linli.mine";
  var WEEK = 7 * 864e5;
  var box = document.querySelector("[data-noted]");
  var form = document.querySelector("[data-note]");
  var language = document.documentElement.lang;

  function mine() {
    try { return JSON.parse(localStorage.getItem(STORE)) || {}; } catch (error) { return {}; }
  }

  function young(one) {
    return Date.now() - one.at < WEEK;
  }

  function noted() {
    return (mine().noted || []).filter(young);
  }

  function store(list) {
    var all = mine();
    all.noted = list.slice(0, 20);
    try { localStorage.setItem(STORE, JSON.stringify(all)); } catch (error) { /* private window: for now only */ }
    show(list);
  }

  function note(code, scanned) {
    var list = noted();
    if (list.some(function (one) { return one.code === code && Date.now() - one.at < 3e5; })) return show(list);
    store([{ code: code, at: Date.now(), scanned: scanned }].concat(list));
  }

  function when(at) {
    return new Date(at).toLocaleString(language, { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  }

  function line(list, href, title, text) {
    var one = list.querySelector("template").content.cloneNode(true);
    one.querySelector("a").href = href;
    one.querySelector("b").textContent = title;
    if (one.querySelector("span span")) one.querySelector("span span").textContent = text;
    list.querySelector("ul").appendChild(one);
  }

  function show(list) {
    if (!box) return;
    box.querySelector("ul").textContent = "";
    list.forEach(function (one) {
      var short = one.code.slice(0, 4) + " " + one.code.slice(4, 8);
      line(box, "/p/" + encodeURIComponent(one.code), one.scanned ? box.dataset.noted : short, when(one.at));
    });
    box.hidden = !list.length;
  }

  // As the server reads a typed code: full-width letters, blanks, dashes and look-alikes are forgiven.
  function clean(text) {
    var like = { o: "0", i: "1", l: "1", u: "v" };
    return text.normalize("NFKC").toLowerCase().replace(/[^0-9a-z]/g, "").replace(/[oilu]/g, function (one) { return like[one]; });
  }

  if (form) form.addEventListener("submit", function (event) {
    var field = form.elements.code, code = clean(field.value), wrong = document.getElementById("code-error");
    event.preventDefault();
    wrong.hidden = code.length === 8;
    field.setAttribute("aria-invalid", String(code.length !== 8));
    if (code.length !== 8) return field.focus();
    field.removeAttribute("aria-invalid");
    field.value = "";
    note(code, false);
    box.focus();
  });

  if (box) box.querySelector("button").addEventListener("click", function () { store([]); });

  // Shown in place of the page that was asked for.
  var again = document.querySelector("[data-again]");
  if (again) {
    var instead = location.pathname !== new URL(again.dataset.again, location.href).pathname;
    var scanned = /^\/p\/([0-9a-z.]{8,60})$/.exec(location.pathname);
    var retry = function (event) {
      if (event) event.preventDefault();
      if (instead) location.reload();
      else location.href = "/";
    };
    if (scanned && instead) note(scanned[1], true);
    again.addEventListener("click", retry);
    if (instead) window.addEventListener("online", function () { retry(); });
    if (instead && window.caches) listKept(document.querySelector("[data-kept]"));
  }
  show(noted());

  // What she began to write and did not send, by its page's name alone; the one box of pages says who is signed in.
  var written = document.querySelector("[data-written]"), drafts = mine().drafts || {};
  if (written && window.caches) caches.keys().then(function (names) {
    Object.keys(drafts).forEach(function (path) {
      if (drafts[path].sent || !young(drafts[path]) || names.indexOf("linli-pages-" + drafts[path].who) < 0) return;
      line(written, path, drafts[path].title, when(drafts[path].at));
      written.hidden = false;
    });
  });

  // Pages that the worker kept for who is signed in here.
  function listKept(list) {
    caches.keys().then(function (names) {
      names.filter(function (name) { return name.indexOf("linli-pages-") === 0; }).forEach(function (name) {
        caches.open(name).then(function (pages) {
          pages.keys().then(function (requests) {
            requests.reverse().forEach(function (request) {
              pages.match(request, { ignoreVary: true }).then(function (answer) { return answer.text(); }).then(function (text) {
                var title = new DOMParser().parseFromString(text, "text/html").querySelector("h1").textContent;
                line(list, request.url, new URL(request.url).pathname === "/" ? list.dataset.kept : title);
                list.hidden = false;
              });
            });
          });
        });
      });
    });
  }
})();
