// What a phone shows when it has no signal. Every page works without this file; the server puts SITE in front of it.
"use strict";

// The one cache of pages belongs to one login, by name. Another login, or a form that ends or begins one, empties it.
const PAGES = "linli-pages-";
const DOORS = /^\/(sign-|me\/(sign-out|erase))/;
const MOST = 24;
const PATIENCE = 8000;
const DAY = 864e5;

// How often somebody came or went. What was asked for before is not kept after.
let doors = 0;

addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const shell = await caches.open(SITE.shell);
    await shell.addAll(SITE.files);
    await renew();
    await skipWaiting();
  })());
});

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name !== SITE.shell && !name.startsWith(PAGES)) await caches.delete(name);
    }
    // Where it can be had, a page is asked for while this file is still waking up.
    if (registration.navigationPreload) await registration.navigationPreload.enable();
    await clients.claim();
  })());
});

addEventListener("fetch", (event) => {
  const request = event.request, url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.mode !== "navigate") {
    if (SITE.files.includes(url.pathname + url.search)) event.respondWith(file(request));
  } else if (request.method === "POST") {
    sent(event, url.pathname);
  } else if (request.method === "GET" && !/^\/desk(\/|$)/.test(url.pathname)) {
    event.respondWith(page(event));
  }
});

async function file(request) {
  return (await caches.match(request.url, { ignoreVary: true })) || fetch(request);
}

// The network first, always. What the phone holds is shown when nothing comes, or nothing for a while.
async function page(event) {
  const asked = network(event);
  event.waitUntil(asked.catch(() => {}));
  const old = await kept(event.request.url);
  try {
    const answer = await (old ? Promise.race([asked, late()]) : asked);
    return old && answer.status > 501 && answer.status < 505 ? old : answer;
  } catch (error) {
    return old || (await caches.match(SITE.page, { ignoreVary: true })) || Response.error();
  }
}

function late() {
  return new Promise((_, give) => setTimeout(give, PATIENCE));
}

async function network(event) {
  const request = event.request, since = doors;
  let answer = (await event.preloadResponse) || (await fetch(request));
  // The browser's own cache may still hold a page of who was here before.
  const hers = await box();
  if (hers && /max-age=[1-9]/.test(answer.headers.get("Cache-Control")) && hers !== nameOf(answer)) {
    answer = await fetch(request.url, { cache: "reload", redirect: "manual" });
  }
  const keeps = answer.ok && answer.headers.get("X-Keep");
  event.waitUntil(note(request.url, answer, keeps && answer.clone(), since).catch(() => {}));
  return answer;
}

function nameOf(answer) {
  return PAGES + (answer.headers.get("X-Login") || "nobody");
}

async function box() {
  return (await caches.keys()).find((name) => name.startsWith(PAGES));
}

async function kept(address) {
  const name = await box();
  return name && (await (await caches.open(name)).match(address, { ignoreVary: true }));
}

async function note(address, answer, copy, since) {
  if (since !== doors) return;
  const html = /^text\/html/.test(answer.headers.get("Content-Type"));
  if (html) await forget(nameOf(answer));
  const name = html ? nameOf(answer) : await box();
  const text = html && copy ? await marked(await copy.text()) : "";
  if (!name || since !== doors) return;
  const pages = await caches.open(name);
  await pages.delete(address, { ignoreVary: true });
  if (text) {
    await pages.put(address, new Response(text, { headers: plainly(copy.headers) }));
    for (const oldest of (await pages.keys()).slice(0, -MOST)) await pages.delete(oldest);
  }
  const offline = await caches.match(SITE.page, { ignoreVary: true });
  if (!offline || Date.now() - Date.parse(offline.headers.get("Date")) > DAY) await renew();
}

// A copy says of itself that it is one, in the words that the page without a signal brought along.
async function marked(text) {
  const offline = await caches.match(SITE.page, { ignoreVary: true });
  const [, words] = /<template data-copy>([^]*?)<\/template>/.exec(offline ? await offline.text() : "") || ["", ""];
  const [, language] = /<html lang="([\w-]+)"/.exec(text) || ["", "zh-CN"];
  const time = new Date().toLocaleString(language, { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  // Its own notice of a lost signal would say the same again.
  return text.replace('<main id="main" tabindex="-1">', (head) => head + words.replace("#", time)).replace(' id="offline"', "");
}

function plainly(headers) {
  const told = new Headers(headers);
  ["Content-Encoding", "Content-Length", "Vary"].forEach((name) => told.delete(name));
  return told;
}

async function forget(but) {
  for (const name of await caches.keys()) {
    if (name.startsWith(PAGES) && name !== but) await caches.delete(name);
  }
}

// The page without a signal speaks this phone's language, in its size and colours.
async function renew() {
  const answer = await fetch(SITE.page, { cache: "reload" });
  if (answer.ok) await (await caches.open(SITE.shell)).put(SITE.page, answer);
}

// A form that meets no network: the answer "nothing new" leaves its page standing, with all that was typed, and the
// page is told. Forms with files are left to the browser.
function sent(event, path) {
  const door = DOORS.test(path);
  if (door) { doors++; event.waitUntil(forget()); }
  if (!/^application\/x-www-form-urlencoded/.test(event.request.headers.get("Content-Type"))) return;
  event.respondWith(fetch(event.request).then((answer) => {
    if (door) { doors++; event.waitUntil(forget()); }
    if (path === SITE.looks) event.waitUntil(renew().catch(() => {}));
    return answer;
  }, async () => {
    const open = await clients.matchAll({ type: "window" });
    open.filter((one) => one.visibilityState === "visible").forEach((one) => one.postMessage("unsent"));
    return new Response(null, { status: 204 });
  }));
}
