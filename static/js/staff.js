// What the theme's dialogs lack for the keyboard and for who listens: a name, a focus that goes in, stays and comes back.
(function () {
  "use strict";

  const PLACE = "modal-content";
  const TITLE = "dialog-title";
  const FIELDS = "input:not([type=hidden]), select, textarea";

  function reachable(content) {
    const all = content.querySelectorAll(`a[href], button, ${FIELDS}, [tabindex="0"]`);
    return Array.from(all).filter((one) => !one.disabled && one.checkVisibility());
  }

  function describe(content) {
    const title = content.querySelector("h1");
    const close = content.querySelector("#dialog > [x-on\\:click]");
    const cancel = content.querySelector("a[href='#']");
    title.id = TITLE;
    content.setAttribute("role", "dialog");
    content.setAttribute("aria-modal", "true");
    content.setAttribute("aria-labelledby", TITLE);
    close.setAttribute("role", "button");
    close.setAttribute("tabindex", "0");
    close.setAttribute("aria-label", cancel.textContent.trim());
  }

  // The theme shows a dialog, and hides it, some time after it was asked to; only what is shown takes the focus.
  function follow(content, opener) {
    let isOpen = false;

    function look(_changes, observer) {
      if (!isOpen && content.checkVisibility()) {
        isOpen = true;
        (content.querySelector(FIELDS) || reachable(content)[0]).focus();
      } else if (isOpen && !content.checkVisibility()) {
        observer.disconnect();
        opener.focus();
      }
    }

    const observer = new MutationObserver(look);
    observer.observe(content.parentElement, { attributes: true, attributeFilter: ["style"] });
    look([], observer);
  }

  document.addEventListener("htmx:afterOnLoad", function (event) {
    const content = document.getElementById(PLACE);
    if (event.detail.target === content && content.querySelector("#dialog")) {
      describe(content);
      follow(content, event.detail.elt);
    }
  });

  document.addEventListener("keydown", function (event) {
    const content = document.getElementById(PLACE);
    if (!content || !content.contains(event.target)) {
      return;
    }
    if (event.target.getAttribute("role") === "button" && [" ", "Enter"].includes(event.key)) {
      event.preventDefault();
      event.target.click();
    }
    const stops = reachable(content);
    const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
    if (event.key === "Tab" && event.target === from) {
      event.preventDefault();
      to.focus();
    }
  });
})();
