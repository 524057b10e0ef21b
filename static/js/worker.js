// Shows the install page that somebody kept on this device (static/js/keep.js) while there is no connection.
// It stores nothing by itself, and asks the network first: with a connection everything is as if it were not there.
"use strict";

const KEPT = "kept-install";

async function keptOrNothing(request) {
  const found = await caches.match(request, { cacheName: KEPT, ignoreVary: true });
  return found || Response.error();
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
        return keptOrNothing(request);
      })
    );
  }
});

// Signing out says so; browsers that heed Clear-Site-Data have done it by then.
self.addEventListener("message", function (event) {
  if (event.data === "forget") {
    event.waitUntil(caches.delete(KEPT));
  }
});
