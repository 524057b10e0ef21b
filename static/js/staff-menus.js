// The theme opens its menus with what no keyboard reaches, and what is read out is the name of an icon (WCAG 2.1.1, 4.1.2).
(function () {
  "use strict";

  const CLICK = "x-on:click";
  const ICONS = ":is(a, button) .material-symbols-outlined";
  // By how the theme calls what it opens: the word for it.
  const WORDS = {
    sidebar: "menu",
    openTheme: "theme",
    showActions: "more",
    openTabsDropdown: "more",
  };

  function openers() {
    return Array.from(document.querySelectorAll(`[${CSS.escape(CLICK)}]`));
  }

  function opened(opener) {
    return opener.getAttribute(CLICK).trim().split(" ")[0];
  }

  function describe(opener, words) {
    const state = opened(opener);
    const known = Object.keys(WORDS).find((begins) => state.startsWith(begins));
    if (!known) {
      return;
    }
    opener.setAttribute("role", "button");
    opener.setAttribute("tabindex", "0");
    opener.setAttribute("aria-label", words[WORDS[known]]);
    window.Alpine.effect(function () {
      opener.setAttribute("aria-expanded", String(Boolean(window.Alpine.$data(opener)[state])));
    });
  }

  document.addEventListener("alpine:initialized", function () {
    const words = document.getElementById("staff-words").dataset;
    document.querySelectorAll(ICONS).forEach((icon) => icon.setAttribute("aria-hidden", "true"));
    openers().forEach((opener) => describe(opener, words));
  });

  document.addEventListener("keydown", function (event) {
    const opener = event.target;
    if (!opener.hasAttribute("aria-expanded") || ![" ", "Enter"].includes(event.key)) {
      return;
    }
    event.preventDefault();
    opener.click();
    // A menu that covers the page has a way to close it of its own; the focus goes there, and comes back.
    window.Alpine.nextTick(function () {
      const others = openers().filter((one) => one !== opener && opened(one) === opened(opener));
      others.find((one) => one.checkVisibility())?.focus();
    });
  });
})();
