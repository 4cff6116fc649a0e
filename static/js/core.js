// Everything works without this file; it only makes waiting visible and tapping safe.
(function () {
  "use strict";

  function buttonOf(form) {
    return form.querySelector("button:not([type=button])");
  }

  // A form that is on its way is not sent twice. Coming back by the browser's own button frees it again.
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

  // Location is asked for after the tap only, for four seconds at most, and a refusal still sends the form.
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

  // A photo is made smaller before it is sent, which also leaves behind when and where it was taken.
  document.addEventListener("change", function (event) {
    var input = event.target, file = input.files && input.files[0];
    if (!file || !input.dataset.shrink || !window.createImageBitmap || !window.DataTransfer) return;
    createImageBitmap(file, { imageOrientation: "from-image" }).then(function (picture) {
      var share = Math.min(1, input.dataset.shrink / Math.max(picture.width, picture.height));
      var canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * share);
      canvas.height = Math.round(picture.height * share);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(function (small) {
        if (!small || small.size >= file.size || input.files[0] !== file) return;
        var box = new DataTransfer();
        box.items.add(new File([small], "photo.jpg", { type: small.type }));
        input.files = box.files;
      }, "image/jpeg", 0.7);
    }).catch(function () {});
  });

  window.addEventListener("pageshow", function (event) {
    if (event.persisted) Array.prototype.forEach.call(document.forms, free);
  });

  // A phone without signal keeps its page: the form waits, the note says so, and goes when the signal is back.
  var offline = document.getElementById("offline");
  function tellSignal() {
    if (offline) offline.hidden = navigator.onLine !== false;
  }
  window.addEventListener("online", tellSignal);
  window.addEventListener("offline", tellSignal);
  tellSignal();

  // A menu of the header closes when one taps beside it or presses Escape.
  var menu = document.querySelector(".looks");
  function shut(event) {
    if (menu && menu.open && (event.key === "Escape" || (!event.key && !menu.contains(event.target)))) menu.open = false;
  }
  document.addEventListener("click", shut);
  document.addEventListener("keydown", shut);

  // Buttons that need a script are hidden until there is one.
  Array.prototype.forEach.call(document.querySelectorAll("[data-needs-script][hidden]"), function (element) {
    element.hidden = false;
  });
  var summary = document.querySelector(".errors");
  if (summary) summary.focus();
})();
