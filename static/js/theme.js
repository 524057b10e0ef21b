// Runs before the first paint, so that nobody who chose dark is dazzled by a light page.
(function () {
  "use strict";
  try {
    var choice = localStorage.getItem("theme");
    if (choice === "light" || choice === "dark") {
      document.documentElement.dataset.theme = choice;
    }
  } catch (error) {
    // Storage may be forbidden; then the system's preference holds.
  }
})();
