// Keeps a page (an install code, a receipt) on this device when asked to, to be read without a connection; static/js/worker.js shows it.
(function () {
  "use strict";

  const KEPT = "kept";
  const form = document.querySelector("form[data-keep]");
  if (!form || !("serviceWorker" in navigator) || !("caches" in window)) {
    return;
  }
  const kept = document.querySelector("[data-kept]");
  const failed = form.querySelector("[data-keep-failed]");
  const here = location.pathname;

  function show(isKept) {
    form.hidden = isKept;
    kept.hidden = !isKept;
  }

  // The style sheets, scripts and pictures that the kept page is drawn with, and nothing else.
  function filesOf(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const named = Array.from(page.querySelectorAll("link[rel=stylesheet], script[src], use"), function (element) {
      return element.getAttribute("href") || element.getAttribute("src");
    });
    return Array.from(
      new Set(
        named.map(function (name) {
          return name.split("#")[0];
        })
      )
    );
  }

  async function keep() {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
    if (answer.type === "opaqueredirect") {
      // The proof of who is there has run out: the page asks for it again.
      location.assign(here);
      return;
    }
    if (!answer.ok) {
      throw new Error("not kept");
    }
    await navigator.serviceWorker.register(form.dataset.worker, { scope: "/" });
    await navigator.serviceWorker.ready;
    const text = await answer.clone().text();
    const cache = await caches.open(KEPT);
    await cache.addAll(filesOf(text));
    await cache.put(here, answer);
    show(true);
  }

  form.addEventListener("submit", async function (event) {
    event.preventDefault();
    const button = event.submitter;
    button.disabled = true;
    failed.hidden = true;
    try {
      await keep();
    } catch (error) {
      failed.hidden = false;
    }
    button.disabled = false;
  });

  kept.querySelector("[data-keep-remove]").addEventListener("click", async function () {
    const cache = await caches.open(KEPT);
    await cache.delete(here);
    show(false);
  });

  caches.match(here, { cacheName: KEPT, ignoreVary: true }).then(function (found) {
    show(Boolean(found));
  });
})();
