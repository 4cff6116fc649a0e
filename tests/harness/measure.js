// What a page is measured by, in the page itself. Loaded by tests/harness/measure.py, never by the product.
window.measure = (() => {
  const seen = (e) => ((box) => box.width > 1 && box.height > 1 && box.right > 0)(e.getBoundingClientRect());
  const named = (e) => e.outerHTML.replace(/\s+/g, " ").slice(0, 90);
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";

  // Controls and texts that are smaller than they may be. Links inside a sentence have the size of its words.
  function small(least) {
    const pressed = [...document.querySelectorAll("a[href], button, .in, summary")].filter(seen)
      .filter((e) => getComputedStyle(e).display !== "inline" && Math.min(e.offsetWidth, e.offsetHeight) < least.target);
    const texts = new Set();
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const e = walk.currentNode.parentElement;
      const counts = walk.currentNode.data.trim() && seen(e) && !e.closest("svg, script, option");
      const text = e.closest(".a4") ? least.poster : least.text;
      if (counts && parseFloat(getComputedStyle(e).fontSize) < text - 0.05) texts.add(e);
    }
    return [
      ...pressed.map((e) => `small to tap (${e.offsetWidth} × ${e.offsetHeight}): ${named(e)}`),
      ...[...texts].map((e) => `small to read: ${named(e)}`),
    ];
  }

  // What lies over the page or beside it is another layer: a bar at the edge, a menu that is open.
  function layer(e) {
    for (let on = e; on && on !== document.body; on = on.parentElement) {
      if (/fixed|absolute|sticky/.test(getComputedStyle(on).position)) return on;
    }
    return document.body;
  }

  // Rows of one list or table, cells of one bar and what opens in one card share their edges: each is a line across the
  // page, told from the next one by its own height.
  function listOf(e) {
    return e.matches("summary") ? e.parentElement.parentElement : e.closest(".rows, .errors, .bar ul, .rail ul");
  }

  // Pairs of controls with less room between them than `least`.
  function crowded(least) {
    const all = [...document.querySelectorAll("a[href], button, .in, summary, .pick")]
      .filter((e) => seen(e) && e.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
      .filter((e) => getComputedStyle(e).display !== "inline" && !e.closest(".pick .in"))
      .map((e) => ({ e, box: e.getBoundingClientRect(), on: layer(e), list: listOf(e), row: e.closest("tr") }));
    const found = [];
    all.forEach((one, place) => {
      for (const other of all.slice(place + 1)) {
        if (one.on !== other.on || (one.list && one.list === other.list)) continue;
        if (one.row && other.row && one.row !== other.row) continue;
        if (one.e.contains(other.e) || other.e.contains(one.e)) continue;
        const across = Math.max(one.box.left - other.box.right, other.box.left - one.box.right, 0);
        const down = Math.max(one.box.top - other.box.bottom, other.box.top - one.box.bottom, 0);
        const gap = Math.hypot(across, down);
        if (gap < least - 0.1) found.push(`${gap.toFixed(1)} px between ${named(one.e).slice(0, 60)} and ${named(other.e).slice(0, 60)}`);
      }
    });
    return found;
  }

  // Every tab stop, focused: what lies over its middle may be its own, never a bar.
  function hidden() {
    const found = [];
    for (const e of [...document.querySelectorAll(controls)].filter(seen)) {
      if (e.disabled || e.tabIndex < 0) continue;
      e.focus();
      if (document.activeElement !== e) continue;
      const box = e.getClientRects()[0];
      if (!box) continue;
      const there = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      const own = there && (e.contains(there) || there.contains(e) || there.closest("label")?.contains(e));
      if (!own) found.push(`focus hidden ${there ? "under " + named(there).slice(0, 40) : "off the screen"}: ${named(e)}`);
    }
    document.activeElement?.blur();
    return found;
  }

  // What axe cannot decide and a person has. Contrast is the tokens' (tests/core/web/test_colours.py), whatever is drawn there.
  const DECIDED = [
    // White and gold on the roof, whose eaves are drawn over the page's upper edge, and what stands right under them; the torn edge under a receipt.
    ["color-contrast", ["pseudoContent", "bgOverlap", "bgGradient"], ".top, .ribbon, .ticket"],
    // Numbers of posts on a drawn plan: ink on its ground or on the mark of the post; the list beside it says them again.
    ["color-contrast", ["bgOverlap", "pseudoContent"], ".plan svg"],
    // Ink on the white of a sheet, beside the drawn roof and code and under the word of a sample.
    ["color-contrast", ["imgNode", "bgOverlap"], ".sheet, [data-surface=print] .noprint"],
    // A term without a figure stands alone in its row.
    ["th-has-data-cells", ["th-has-data-cells"], ".leaf"],
    // What lies under the open menu of the head is not read.
    ["color-contrast", ["bgOverlap"], "body:has(.looks[open])"],
    // The bar that tells what was done floats over the queue until it is undone or closed.
    ["color-contrast", ["pseudoContent", "elmPartiallyObscured", "elmPartiallyObscuring", "bgOverlap"], "body:has(#happened) main"],
    // A number of one digit is no text to axe.
    ["color-contrast", ["shortTextContent"], "main, .rail"],
    // Ink on the rail's own ground, under the page's or behind the mark that says where one is.
    ["color-contrast", ["pseudoContent", "elmPartiallyObscured", "bgOverlap"], ".rail"],
  ];
  const reason = (node) => node.any.concat(node.all, node.none).map((check) => (check.data || {}).messageKey || check.id).join("+");
  function decided(rule, node) {
    const e = document.querySelector(node.target.flat().pop());
    return DECIDED.some(([name, keys, where]) => name === rule && keys.includes(reason(node)) && e?.closest(where));
  }

  async function axeRun(without) {
    const told = await axe.run(document, {
      runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
      rules: Object.fromEntries(without.map((rule) => [rule, { enabled: false }])), resultTypes: ["violations", "incomplete"], preload: { assets: ["media"] } });
    const lines = (kind, list) => list.map((one) => `${kind} ${one.id}: ${one.nodes.map((n) => n.html.slice(0, 90)).join(" | ")}`);
    const left = told.incomplete.map((one) => ({ id: `${one.id} (${[...new Set(one.nodes.map(reason))].join()})`, nodes: one.nodes.filter((n) => !decided(one.id, n)) }));
    return { violations: lines("axe", told.violations), incomplete: lines("axe unsure", left.filter((one) => one.nodes.length)) };
  }

  function look(values) {
    for (const [name, value] of Object.entries(values)) document.documentElement.dataset[name] = value;
    // Only what stands on the page counts, not what is still moving there.
    document.getAnimations().forEach((one) => one.finish());
  }

  let opened = [];
  function openAll() {
    // The menu of the head would lie over the page: it is a state of its own.
    opened = [...document.querySelectorAll("details:not([open]):not(.looks)")];
    opened.forEach((one) => { one.open = true; });
    return opened.length;
  }
  function shutAgain() {
    opened.forEach((one) => { one.open = false; });
  }

  return { small, crowded, hidden, axeRun, look, openAll, shutAgain };
})();
