// What a page is measured by, in the page itself. Loaded by tests/harness/measure.py, never by the product.
window.measure = (() => {
  const seen = (e) => ((box) => box.width > 1 && box.height > 1 && box.right > 0)(e.getBoundingClientRect());
  const named = (e) => e.outerHTML.replace(/\s+/g, " ").slice(0, 90);
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const root = document.documentElement;

  // Controls and texts that are smaller than they may be. Links inside a sentence have the size of its words.
  function small(least) {
    const pressed = [...document.querySelectorAll("a[href], button, .in, summary")].filter(seen)
      .filter((e) => getComputedStyle(e).display !== "inline" && Math.min(e.offsetWidth, e.offsetHeight) < least.target);
    const texts = new Set();
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const e = walk.currentNode.parentElement;
      const counts = walk.currentNode.data.trim() && seen(e) && !e.closest("svg, script, option");
      if (counts && parseFloat(getComputedStyle(e).fontSize) < least.text) texts.add(e);
    }
    return [
      ...pressed.map((e) => `small to tap (${e.offsetWidth} × ${e.offsetHeight}): ${named(e)}`),
      ...[...texts].map((e) => `small to read: ${named(e)}`),
    ];
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

  async function axeRun(rules) {
    const run = rules.length ? { type: "rule", values: rules } : {
      type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };
    const told = await axe.run(document, { runOnly: run, resultTypes: ["violations", "incomplete"] });
    const lines = (kind, list) => list.map((one) => `${kind} ${one.id}: ${one.nodes.map((n) => n.html.slice(0, 90)).join(" | ")}`);
    return { violations: lines("axe", told.violations), incomplete: lines("axe unsure", told.incomplete) };
  }

  function look(values) {
    for (const [name, value] of Object.entries(values)) root.dataset[name] = value;
    // Only what stands on the page counts, not what is still moving there.
    document.getAnimations().forEach((one) => one.finish());
  }

  let opened = [];
  function openAll() {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((one) => { one.open = true; });
    return opened.length;
  }
  function shutAgain() {
    opened.forEach((one) => { one.open = false; });
  }

  return { small, hidden, axeRun, look, openAll, shutAgain };
})();
