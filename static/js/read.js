// Reads a notice aloud, where the phone can; another tap stops it. Without this file the button stays hidden.
(function () {
  "use strict";
  var button = document.querySelector("[data-read]");
  var voice = window.speechSynthesis;
  if (!button || !voice || !window.SpeechSynthesisUtterance) return;
  var word = button.querySelector("span");
  var begin = word.textContent;
  function rest() {
    word.textContent = begin;
    button.setAttribute("aria-pressed", "false");
  }
  button.parentNode.hidden = false;
  rest();
  button.addEventListener("click", function () {
    var reading = button.getAttribute("aria-pressed") === "true";
    voice.cancel();
    if (reading) return rest();
    var said = new SpeechSynthesisUtterance(document.getElementById("notice").innerText);
    said.lang = /[\u4e00-\u9fff]/.test(said.text) ? "zh-CN" : "en";
    said.rate = 0.9;
    said.onend = said.onerror = rest;
    word.textContent = button.dataset.read;
    button.setAttribute("aria-pressed", "true");
    voice.speak(said);
  });
  window.addEventListener("pagehide", function () { voice.cancel(); });
})();
