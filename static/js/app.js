// What makes pages nicer with script. Everything works without it.
(function () {
  "use strict";

  const root = document.documentElement;
  const KEPT = "kept";

  function storedTheme() {
    try {
      return localStorage.getItem("theme") || "system";
    } catch (error) {
      return "system";
    }
  }

  function chooseTheme(choice) {
    try {
      if (choice === "system") {
        localStorage.removeItem("theme");
      } else {
        localStorage.setItem("theme", choice);
      }
    } catch (error) {
      // Not remembered, but still applied to this page.
    }
    if (choice === "system") {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = choice;
    }
    showTheme(choice);
  }

  function showTheme(choice) {
    document.querySelectorAll("[data-theme-choice]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    });
  }

  async function copyFrom(button) {
    const source = document.getElementById(button.dataset.copy);
    const word = button.querySelector("span");
    const before = word.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
    } catch (error) {
      const range = document.createRange();
      range.selectNodeContents(source);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      return;
    }
    word.textContent = button.dataset.copied;
    button.setAttribute("aria-live", "polite");
    setTimeout(function () {
      word.textContent = before;
    }, 2000);
  }

  function enhance(scope) {
    scope.querySelectorAll("[data-theme-switch]").forEach(function (element) {
      element.hidden = false;
    });
    scope.querySelectorAll("[data-copy], [data-print]").forEach(function (button) {
      button.hidden = false;
    });
    scope.querySelectorAll(".tabs [aria-current]").forEach(function (tab) {
      const tabs = tab.parentElement;
      tabs.scrollLeft = tab.offsetLeft + tab.offsetWidth / 2 - tabs.offsetLeft - tabs.clientWidth / 2;
    });
  }

  // A kept install page (keep.js) lives as long as the server, asked with this browser's session, still offers its code:
  // it goes when the eSIM is installed, and when its owner is not the one who is signed in here.
  async function tidyKept() {
    if (!("caches" in window) || !(await caches.has(KEPT))) {
      return;
    }
    const cache = await caches.open(KEPT);
    for (const request of await cache.keys()) {
      if (request.url.endsWith("/install/") && (await isOver(`${request.url}state/`))) {
        await cache.delete(request, { ignoreVary: true });
      }
    }
  }

  async function isOver(address) {
    try {
      const answer = await fetch(address, { redirect: "manual" });
      const text = answer.ok ? await answer.text() : "";
      return answer.type === "opaqueredirect" || answer.status === 404 || text.includes("data-code-over");
    } catch (error) {
      return false; // No connection: that is what it is kept for.
    }
  }

  async function forgetKept() {
    const registration = await navigator.serviceWorker.getRegistration();
    if (registration && registration.active) {
      registration.active.postMessage("forget");
    }
  }

  // For whoever is signed in, once the page is there: what helps without a connection, in the language of the page.
  async function holdOfflinePage() {
    const worker = document.querySelector("link[data-worker]");
    if (!worker || !("serviceWorker" in navigator)) {
      return;
    }
    try {
      await navigator.serviceWorker.register(worker.dataset.worker, { scope: "/" });
      const registration = await navigator.serviceWorker.ready;
      registration.active.postMessage({ offline: worker.dataset.offline });
    } catch (error) {
      // A browser that forbids it shows its own page without a connection.
    }
  }

  document.addEventListener("click", function (event) {
    const themeButton = event.target.closest("[data-theme-choice]");
    const copyButton = event.target.closest("[data-copy]");
    if (themeButton) {
      chooseTheme(themeButton.dataset.themeChoice);
    }
    if (copyButton) {
      copyFrom(copyButton);
    }
    if (event.target.closest("[data-print]")) {
      window.print();
    }
    document.querySelectorAll("details.popover[open]").forEach(function (popover) {
      if (!popover.contains(event.target)) {
        popover.open = false;
      }
    });
  });

  document.addEventListener("keydown", function (event) {
    const popover = event.key === "Escape" && document.querySelector("details.popover[open]");
    if (popover) {
      popover.open = false;
      popover.querySelector("summary").focus();
    }
  });

  // A second press while the first is under way would only make somebody wonder; the server is idempotent anyway.
  document.addEventListener("submit", function (event) {
    if ("serviceWorker" in navigator && event.target.getAttribute("action")?.endsWith("/accounts/logout/")) {
      forgetKept();
    }
    const button = event.submitter;
    if (!button || event.target.method !== "post") {
      return;
    }
    setTimeout(function () {
      if (!event.defaultPrevented) {
        button.disabled = true;
        button.setAttribute("aria-busy", "true");
      }
    });
  });

  window.addEventListener("pageshow", function (event) {
    if (event.persisted) {
      document.querySelectorAll("button[aria-busy]").forEach(function (button) {
        button.disabled = false;
        button.removeAttribute("aria-busy");
      });
    }
  });

  function sayRequestFailed() {
    const template = document.getElementById("request-failed");
    const main = document.getElementById("content");
    if (template && main && !document.getElementById("request-failed-shown")) {
      const notice = document.createElement("div");
      notice.id = "request-failed-shown";
      notice.append(template.content.cloneNode(true));
      main.prepend(notice);
    }
  }

  document.addEventListener("htmx:responseError", sayRequestFailed);
  document.addEventListener("htmx:sendError", sayRequestFailed);
  document.addEventListener("htmx:afterSwap", function (event) {
    const notice = document.getElementById("request-failed-shown");
    if (notice) {
      notice.remove();
    }
    enhance(event.target);
    if (document.querySelector("[data-code-over]")) {
      tidyKept();
    }
  });

  enhance(document);
  showTheme(storedTheme());
  tidyKept();
  window.addEventListener("load", holdOfflinePage);
})();
