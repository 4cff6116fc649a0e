// The map behind the button: nothing of it is loaded, and nobody else is asked, before the tap.
(function () {
  "use strict";
  var plan = document.querySelector("[data-plan]"), button = document.querySelector("[data-show-map]");
  var place = plan && plan.querySelector("[data-tiles]");
  if (!place || !button) return;
  var note = document.querySelector("[data-map-note]"), drawing = plan.querySelector("svg");

  function load(tag, fields) {
    return new Promise(function (done, failed) {
      var element = document.createElement(tag);
      Object.assign(element, fields, { onload: done, onerror: failed });
      document.head.appendChild(element);
    });
  }

  function plain(text) {
    var element = document.createElement("span");
    element.textContent = text;
    return element.innerHTML;
  }

  function show() {
    var L = window.L, told = place.dataset;
    place.hidden = false;
    drawing.setAttribute("hidden", "");
    var map = L.map(place, { zoomControl: false, attributionControl: false });
    L.control.attribution({ prefix: false }).addTo(map);
    L.control.zoom({ zoomInTitle: told.nearer, zoomOutTitle: told.farther }).addTo(map);
    L.tileLayer(told.tiles, { maxZoom: 18, attribution: plain(told.credit) }).addTo(map);
    var dots = Array.prototype.map.call(drawing.querySelectorAll("a[data-lat]"), function (link) {
      var look = getComputedStyle(link.querySelector("circle"));
      return L.circleMarker([+link.dataset.lat, +link.dataset.lon], {
        radius: 9, weight: 3, color: "#fff", fillColor: look.fill, fillOpacity: 1
      }).bindTooltip(plain(link.getAttribute("aria-label"))).on("click", function () {
        location.assign(link.getAttribute("href"));
      });
    });
    map.fitBounds(L.featureGroup(dots).addTo(map).getBounds().pad(0.15), { maxZoom: 17 });
    button.parentElement.hidden = true;
    place.tabIndex = 0;
    place.focus();
  }

  button.addEventListener("click", function () {
    if (button.hasAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", "true");
    Promise.all([
      load("link", { rel: "stylesheet", href: place.dataset.style }),
      load("script", { src: place.dataset.script })
    ]).then(show).catch(function () {
      note.textContent = note.dataset.failed;
      button.removeAttribute("aria-disabled");
    });
  });
})();
