// Reads a sign's code in this page. Nothing that the camera sees leaves the phone; only our own addresses are followed.
// It comes with the first tap on the camera or the first photo (core.js), not with the page.
(function () {
  "use strict";
  var box = document.querySelector("[data-scan]");
  if (!box || box.dataset.ready) return;
  box.dataset.ready = "1";
  var video = box.querySelector("video");
  var said = box.querySelector("[role=status]");
  var start = box.querySelector("[data-start]");
  var photo = box.querySelector("input[type=file]");
  var torch = box.querySelector("[data-torch]");
  var whileOpen = box.querySelector("[data-while-open]");
  var hosts = box.dataset.hosts.split(" ");
  var followed = new RegExp("^/(?:" + box.dataset.followed + ")/[0-9A-Za-z._-]{1,80}$");
  var SLOW = 15000, TIRED = 120000, PAUSE = 120;
  var stream = null, asked = 0, since = 0, timer = 0, loading = null;

  function tell(name, detail) {
    var kept = document.getElementById("say-" + name), words = document.importNode(kept.content, true);
    var place = words.querySelector("[data-detail]"), all = said;
    if (place) place.textContent = detail || "";
    said.textContent = "";
    if (kept.dataset.as) {
      var notice = said.appendChild(document.createElement("div"));
      notice.className = "say " + kept.dataset.as;
      notice.appendChild(document.querySelector("#offline svg").cloneNode(true));
      all = notice.appendChild(document.createElement("div"));
    }
    all.appendChild(words);
    box.dataset.state = name;
  }

  // --- what a code says ---

  function ownPath(text) {
    var url;
    try { url = new URL(text); } catch (error) { return null; }
    var web = url.protocol === "https:" || url.protocol === "http:";
    if (!web || url.username || url.password || hosts.indexOf(url.host.toLowerCase()) < 0) return null;
    return followed.test(url.pathname) ? url.pathname : null;
  }

  function hit(text) {
    var path = ownPath(text);
    close();
    if (navigator.vibrate) navigator.vibrate(path ? 60 : [60, 80, 60]);
    if (!path) return tell("foreign", text.slice(0, 80));
    tell("found");
    location.assign(path);
  }

  // --- reading: the phone's own reader, else the vendored one, loaded when it is first needed ---

  function own() {
    if (!("BarcodeDetector" in window)) return Promise.resolve(null);
    return BarcodeDetector.getSupportedFormats().then(function (formats) {
      if (formats.indexOf("qr_code") < 0) return null;
      var detector = new BarcodeDetector({ formats: ["qr_code"] }), other = null;
      // Some phones promise a reader whose service is missing: what fails once is not asked again.
      function instead(source) {
        other = other || vendored();
        other.catch(function () { other = null; });
        return other.then(function (read) { return read(source); });
      }
      return function (source) {
        if (other) return instead(source);
        return detector.detect(source).then(function (found) { return found.length ? found[0].rawValue : null; },
          function () { return instead(source); });
      };
    }).catch(function () { return null; });
  }

  function vendored() {
    return import(box.dataset.reader).then(function (module) {
      var Reader = module.default;
      return Reader.createQrEngine().then(function (engine) {
        return function (source) {
          return Reader.scanImage(source, { qrEngine: engine, returnDetailedScanResult: true })
            .then(function (found) { return found.data; }, function () { return null; });
        };
      });
    });
  }

  function reader() {
    if (!loading) {
      loading = own().then(function (read) { return read || vendored(); });
      loading.catch(function () { loading = null; });
    }
    return loading;
  }

  // --- the camera: after a tap only, and off after each hit, on leaving and when nobody looks ---

  var REFUSED = {
    NotAllowedError: "denied", SecurityError: "denied", PermissionDeniedError: "denied",
    NotFoundError: "nocamera", DevicesNotFoundError: "nocamera", OverconstrainedError: "nocamera",
    NotReadableError: "busy", TrackStartError: "busy", AbortError: "busy"
  };

  function open() {
    if (!window.isSecureContext) return tell("insecure");
    if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) return tell("unable");
    var mine = ++asked;
    tell("starting");
    start.setAttribute("aria-disabled", "true");
    navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } }
    }).then(function (got) {
      if (mine !== asked || document.hidden) return off(got);
      stream = got;
      video.srcObject = got;
      video.hidden = whileOpen.hidden = false;
      start.hidden = true;
      var track = got.getVideoTracks()[0], able = track.getCapabilities ? track.getCapabilities() : {};
      torch.hidden = !able.torch;
      since = Date.now();
      tell("looking");
      whileOpen.querySelector("[data-stop]").focus();
      var playing = video.play();
      if (playing) playing.catch(function () {});
      return reader().then(look, function () { close(); tell("noreader"); });
    }).catch(function (error) {
      if (mine === asked) tell(REFUSED[error.name] || "unable");
    }).then(function () { start.removeAttribute("aria-disabled"); });
  }

  function look(read) {
    if (!stream) return;
    var age = Date.now() - since;
    if (age > TIRED) { close(); return tell("tired"); }
    if (age > SLOW && box.dataset.state === "looking") tell("slow");
    var seen = video.readyState < 2 || video.paused ? Promise.resolve(null) : read(video);
    seen.catch(function () { return null; }).then(function (text) {
      if (!stream) return;
      if (text) return hit(text);
      timer = setTimeout(look, PAUSE, read);
    });
  }

  function off(camera) {
    camera.getTracks().forEach(function (track) { track.stop(); });
  }

  function close() {
    asked += 1;
    clearTimeout(timer);
    if (stream) off(stream);
    stream = video.srcObject = null;
    video.hidden = whileOpen.hidden = torch.hidden = true;
    torch.setAttribute("aria-pressed", "false");
    start.hidden = false;
    start.removeAttribute("aria-disabled");
  }

  function light() {
    var on = torch.getAttribute("aria-pressed") !== "true";
    stream.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: on }] }).then(function () {
      torch.setAttribute("aria-pressed", String(on));
    }).catch(function () { torch.hidden = true; });
  }

  // --- a photo instead: decoded here, at a few sizes, because readers lose codes that are too large or too small ---

  function picture(file) {
    if (window.createImageBitmap) return createImageBitmap(file);
    return new Promise(function (done, failed) {
      var image = new Image();
      image.onload = function () { done(image); };
      image.onerror = failed;
      image.src = URL.createObjectURL(file);
    });
  }

  function sized(image, longest) {
    var share = Math.min(1, longest / Math.max(image.width, image.height)), canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(image.width * share));
    canvas.height = Math.max(1, Math.round(image.height * share));
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  function still(file) {
    close();
    tell("reading");
    var mine = asked;
    reader().then(function (read) {
      return picture(file).then(function (image) {
        return [1200, 700, 2000, 400].reduce(function (before, longest) {
          return before.then(function (text) { return text || read(sized(image, longest)); });
        }, Promise.resolve(null));
      }).catch(function () { return null; }).then(function (text) {
        if (mine !== asked) return;
        if (text) hit(text); else tell("unread");
      });
    }, function () { tell("noreader"); });
  }

  function chosen() {
    if (photo.files[0]) still(photo.files[0]);
    photo.value = "";
  }

  start.addEventListener("click", function () { if (!start.hasAttribute("aria-disabled")) open(); });
  torch.addEventListener("click", light);
  box.querySelector("[data-stop]").addEventListener("click", function () { close(); tell("closed"); start.focus(); });
  photo.addEventListener("change", chosen);
  window.addEventListener("pagehide", close);
  document.addEventListener("visibilitychange", function () {
    if (document.hidden && stream) { close(); tell("closed"); }
  });
  start.removeAttribute("data-load");
  photo.removeAttribute("data-load");
  if (document.currentScript.by === start) open(); else chosen();
})();
