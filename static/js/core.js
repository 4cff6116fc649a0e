// Everything works without this file. Comments are few: each phone pays for them.
(function () {
  "use strict";

  function buttonOf(form) {
    return form.querySelector("button:not([type=button])");
  }

  // A form on its way is not sent twice.
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

  // Asked for after the tap, for four seconds; a refusal still sends the form.
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

  document.addEventListener("click", function (event) {
    var target = event.target.closest("button,[data-copy]");
    if (!target) return;
    if (target.form) target.form.pressed = target;
    if (target.hasAttribute("data-print")) window.print();
    if (target.dataset.copy && navigator.clipboard) {
      navigator.clipboard.writeText(target.dataset.copy).then(function () {
        (target.querySelector("span") || target).textContent = target.dataset.done;
      });
    }
  });

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post") return;
    if (offline && navigator.onLine === false) {
      event.preventDefault();
      tellSignal();
      offline.scrollIntoView({ block: "center" });
    } else if (form.dataset.sent) {
      event.preventDefault();
    } else if (form.hasAttribute("data-locate") && navigator.geolocation && window.isSecureContext) {
      event.preventDefault();
      hold(form, form.dataset.locate);
      locate(form);
    } else {
      hold(form);
    }
  });

  window.addEventListener("pageshow", function (event) {
    if (event.persisted) Array.prototype.forEach.call(document.forms, free);
  });

  // Without signal a form waits on its page.
  var offline = document.getElementById("offline");
  function tellSignal() {
    if (offline) offline.hidden = navigator.onLine !== false;
  }
  window.addEventListener("online", tellSignal);
  window.addEventListener("offline", tellSignal);
  tellSignal();

  var menu = document.querySelector(".looks");
  function shut(event) {
    if (menu && menu.open && (event.key === "Escape" || (!event.key && !menu.contains(event.target)))) menu.open = false;
  }
  document.addEventListener("click", shut);
  document.addEventListener("keydown", shut);

  Array.prototype.forEach.call(document.querySelectorAll("[data-needs-script][hidden]"), function (element) {
    element.hidden = false;
  });
  var summary = document.querySelector(".errors");
  if (summary) summary.focus();
})();
