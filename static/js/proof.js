// Checks a statement in the page, fetched by the tap that asks for it (core.js). A convenience: who does not trust this
// site uses docs/verify_statement.py instead.
(function () {
  "use strict";

  var box = document.querySelector("[data-proof]");
  var button = box.querySelector("[data-load]");
  if (!button) return;
  var said = box.querySelector("[data-proof-said]");
  button.removeAttribute("data-load");

  // JSON with sorted keys and no blanks: what the hashes cover.
  function canonical(value) {
    if (Array.isArray(value)) return "[" + value.map(canonical).join(",") + "]";
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    return "{" + Object.keys(value).sort().map(function (key) {
      return JSON.stringify(key) + ":" + canonical(value[key]);
    }).join(",") + "}";
  }

  function bytes(hex) {
    return Uint8Array.from(hex.match(/../g) || [], function (pair) { return parseInt(pair, 16); });
  }

  function hex(buffer) {
    return Array.from(new Uint8Array(buffer), function (one) { return one.toString(16).padStart(2, "0"); }).join("");
  }

  function sha(hexes, text) {
    var head = bytes(hexes), tail = new TextEncoder().encode(text || ""), all = new Uint8Array(head.length + tail.length);
    all.set(head);
    all.set(tail, head.length);
    return crypto.subtle.digest("SHA-256", all).then(hex);
  }

  function follow(leaf, path) {
    return path.reduce(function (before, step) {
      return before.then(function (node) {
        return sha("01" + (step[0] === "left" ? step[1] + node : node + step[1]));
      });
    }, sha("00" + leaf));
  }

  function leads(salt, part, root) {
    return sha(salt, canonical(part.document)).then(function (leaf) {
      return follow(leaf, part.path);
    }).then(function (found) { return found === root; });
  }

  function check(proof) {
    var own = proof.statement.document, sum = own.opening;
    own.lines.forEach(function (line) { sum += line.delta; });
    var leaves = own.lines.map(function (line) { return line.leaf; });
    var all = proof.postings.map(function (posting) {
      return sha(posting.salt, canonical(posting.document)).then(function (leaf) {
        return leaves.indexOf(leaf) >= 0;
      });
    });
    all.push(leads("", proof.month, box.dataset.root), leads(proof.statement.salt, proof.statement, box.dataset.root));
    return Promise.all(all).then(function (right) {
      return sum === own.closing && right.every(Boolean);
    });
  }

  function run() {
    if (!window.crypto || !crypto.subtle || !window.TextEncoder || !window.fetch) {
      said.textContent = said.dataset.unable;
      return;
    }
    fetch(box.dataset.proof, { credentials: "same-origin" }).then(function (answer) { return answer.json(); })
      .then(check).then(function (right) {
        said.textContent = right ? said.dataset.yes : said.dataset.no;
      }, function () { said.textContent = said.dataset.unable; });
  }
  button.addEventListener("click", run);
  run();
})();
