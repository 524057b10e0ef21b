// Answers where the network does not: with a page that somebody kept on this device (keep.js), or else with the one
// page that says what to do without a connection. The network is asked first: with a connection everything is as if
// this were not there.
"use strict";

const KEPT = "kept";
const OFFLINE = "offline";
const A_DAY = 24 * 3600 * 1000;
const FILES = /(?:href|src)="([^"#]+\.(?:css|js|svg)|[^"]*brand\.css)(?:#[^"]*)?"/g;

async function withoutNetwork(request) {
  const kept = await caches.match(request, { cacheName: KEPT, ignoreVary: true });
  if (kept) {
    return kept;
  }
  const cache = await caches.open(OFFLINE);
  const file = await cache.match(request, { ignoreVary: true });
  if (file || request.mode !== "navigate") {
    return file || Response.error();
  }
  const pages = (await cache.keys()).filter(function (one) {
    return new URL(one.url).pathname.startsWith("/offline/");
  });
  return (pages.length && (await cache.match(pages[0], { ignoreVary: true }))) || Response.error();
}

// The page is the same for everybody; without cookies nothing of anybody can get into it. Each day it is asked for anew,
// for the number of the hotline and its hours change; what is held goes when the new page and its files are there.
async function holdReady(address) {
  const cache = await caches.open(OFFLINE);
  const held = await cache.match(address, { ignoreVary: true });
  if (held && Date.now() - Date.parse(held.headers.get("Date")) < A_DAY) {
    return;
  }
  const answer = await fetch(address, { credentials: "omit" });
  if (!answer.ok) {
    return;
  }
  const text = await answer.clone().text();
  const files = Array.from(text.matchAll(FILES), function (found) {
    return found[1];
  });
  await cache.addAll(Array.from(new Set(files)));
  await cache.put(address, answer);
  const wanted = [address].concat(files).map(function (one) {
    return new URL(one, self.location.href).href;
  });
  for (const request of await cache.keys()) {
    if (!wanted.includes(request.url)) {
      await cache.delete(request);
    }
  }
}

self.addEventListener("install", function () {
  self.skipWaiting();
});

self.addEventListener("activate", function (event) {
  event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", function (event) {
  const request = event.request;
  if (request.method === "GET" && new URL(request.url).origin === self.location.origin) {
    event.respondWith(
      fetch(request).catch(function () {
        return withoutNetwork(request);
      })
    );
  }
});

// Signing out says "forget"; browsers that heed Clear-Site-Data have done it by then.
self.addEventListener("message", function (event) {
  if (event.data === "forget") {
    event.waitUntil(caches.delete(KEPT));
  } else if (event.data.offline) {
    event.waitUntil(holdReady(event.data.offline).catch(function () {}));
  }
});
