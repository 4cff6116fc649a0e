// The desk and the kiosk, on top of core.js. Everything works without this file.
(function () {
  "use strict";

  // On a phone the rail scrolls sideways: the section one is in should be in sight.
  var here = document.querySelector(".rail [aria-current]");
  if (here) here.closest("ul").scrollLeft = here.offsetLeft - 24;
  // A browser holds half a word for enough to see of what has the focus; its ring must be whole.
  var rail = document.querySelector(".rail");
  if (rail) rail.addEventListener("focusin", function (event) {
    event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  // A screen in a hall goes on to its next panel.
  var round = document.body.dataset;
  if (round.next) setTimeout(function () { location.replace(round.next); }, round.seconds * 1000);

  // A link with data-key is followed by that key, unless one is typing.
  document.addEventListener("keydown", function (event) {
    var plain = /^[a-z]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!plain || event.target.closest("input,select,textarea")) return;
    var link = document.querySelector("[data-key=" + event.key + "]");
    if (link) link.click();
  });
})();
