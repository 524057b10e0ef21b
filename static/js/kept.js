// Lists what this browser keeps of the portal, on the page that is shown without a connection.
(async function () {
  "use strict";

  const section = document.querySelector("[data-kept-pages]");
  if (!section || !("caches" in window)) {
    return;
  }
  const list = section.querySelector("[data-kept-list]");
  const item = section.querySelector("[data-kept-item]");
  section.hidden = false;
  if (await caches.has("kept")) {
    const cache = await caches.open("kept");
    for (const request of await cache.keys()) {
      const answer = await cache.match(request, { ignoreVary: true });
      if ((answer.headers.get("Content-Type") || "").startsWith("text/html")) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const row = item.content.cloneNode(true);
        row.querySelector("a").href = new URL(request.url).pathname;
        row.querySelector(".menu-text span").textContent = page.title;
        list.append(row);
      }
    }
  }
  list.hidden = list.children.length === 0;
  section.querySelector("[data-kept-none]").hidden = list.children.length > 0;
})();
