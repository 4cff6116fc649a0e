(function () {

  function buttonOf(form) {
    return form.querySelector("button:not([type=button])");
  }

  function hold(form, word) {
    var button = form.pressed || buttonOf(form);
    form.dataset.sent = "1";
    if (!button) return;
    button.setAttribute("aria-disabled", "true");
    var label = button.querySelector("span") || button;
    if (word || button.dataset.busy) {
      form.dataset.word = label.textContent;
      label.textContent = word || button.dataset.busy;
    }
  }

  function free(form) {
    var button = form.pressed || buttonOf(form);
    delete form.dataset.sent;
    if (!button) return;
    button.removeAttribute("aria-disabled");
    if (form.dataset.word) (button.querySelector("span") || button).textContent = form.dataset.word;
  }

  function put(form, name, value) {
    if (form.elements[name]) form.elements[name].value = value;
  }

  function locate(form) {
    var finished = false;
    function send(position) {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      if (position && position.coords) {
        put(form, "lat", position.coords.latitude.toFixed(6));
        put(form, "lon", position.coords.longitude.toFixed(6));
        put(form, "acc", Math.round(position.coords.accuracy));
        put(form, "age_ms", Math.max(0, Math.round(Date.now() - position.timestamp)));
      }
      form.submit();
    }
    var timer = setTimeout(send, 4000);
    navigator.geolocation.getCurrentPosition(send, function (error) {
      if (error.code === 1) put(form, "pos_denied", "1");
      send();
    }, { enableHighAccuracy: true, timeout: 3800, maximumAge: 30000 });
  }

  function load(target) {
    var script = document.createElement("script");
    script.src = target.dataset.load;
    script.by = target;
    script.onerror = unsent;
    document.head.appendChild(script);
  }
  document.addEventListener("change", function (event) {
    if (event.target.dataset.load) load(event.target);
  });

  document.addEventListener("click", function (event) {
    var target = event.target.closest("button,[data-copy]");
    if (!target) return;
    if (target.form) target.form.pressed = target;
    if (target.hasAttribute("data-print")) print();
    if (target.dataset.load) load(target);
    if (target.dataset.copy && navigator.clipboard) {
      navigator.clipboard.writeText(target.dataset.copy).then(function () {
        (target.querySelector("span") || target).textContent = target.dataset.done;
      });
    }
  });

  function forgetWords() {
    try { localStorage.removeItem("linli.mine"); } catch (error) {}
  }
  if (/linli_another=/.test(document.cookie)) {
    forgetWords();
    document.cookie = "linli_another=;path=/;max-age=0";
  }

  if (document.querySelector("main>.say[role=status]:not([id]):not(.bad)")) try {
    var mine = JSON.parse(localStorage.getItem("linli.mine"));
    for (var path in mine.drafts) if (mine.drafts[path].sent) delete mine.drafts[path];
    localStorage.setItem("linli.mine", JSON.stringify(mine));
  } catch (error) {}

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post") return;
    if (/sign-out/.test(form.action)) forgetWords();
    if (offline && navigator.onLine === false) {
      event.preventDefault();
      unsent();
    } else if (form.dataset.sent) {
      event.preventDefault();
    } else if (form.hasAttribute("data-locate") && navigator.geolocation && isSecureContext) {
      event.preventDefault();
      hold(form, form.dataset.locate);
      locate(form);
    } else {
      hold(form);
    }
  });

  function freeAll() {
    Array.prototype.forEach.call(document.forms, free);
  }
  addEventListener("pageshow", freeAll);

  var offline = document.getElementById("offline");
  function tellSignal() {
    if (offline) offline.hidden = navigator.onLine !== false;
  }
  function unsent() {
    freeAll();
    if (!offline) return;
    offline.hidden = false;
    offline.scrollIntoView({ block: "center" });
  }
  var worker = navigator.serviceWorker;
  if (worker) {
    worker.onmessage = unsent;
    if (document.querySelector("[rel=manifest]")) addEventListener("load", function () {
      worker.register("/sw.js").catch(function () {});
    });
  }
  addEventListener("online", tellSignal);
  addEventListener("offline", tellSignal);
  tellSignal();

  var menu = document.querySelector(".looks");
  function shut(event) {
    if (menu && menu.open && (event.key === "Escape" || (!event.key && !menu.contains(event.target)))) menu.open = false;
  }
  document.addEventListener("click", shut);
  document.addEventListener("keydown", shut);
  document.addEventListener("focusin", shut);

  Array.prototype.forEach.call(document.querySelectorAll("[data-needs-script][hidden]"), function (element) {
    element.hidden = false;
  });
  var summary = document.querySelector(".errors");
  if (summary) summary.focus();
})();
