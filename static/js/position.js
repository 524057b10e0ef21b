// Fills the search for outlets with this device's position, when asked to, and sends the form. Typing a city does as well.
(function () {
  "use strict";

  const form = document.querySelector("form[data-position-form]");
  if (!form || !("geolocation" in navigator)) {
    return;
  }
  const ask = form.querySelector("[data-position]");
  const failed = form.querySelector("[data-position-failed]");
  const field = form.querySelector("[data-position-field]");

  ask.hidden = false;
  ask.addEventListener("click", function () {
    navigator.geolocation.getCurrentPosition(
      function (found) {
        // A hundred metres are near enough to find an outlet.
        field.value = `${found.coords.latitude.toFixed(3)}, ${found.coords.longitude.toFixed(3)}`;
        form.submit();
      },
      function () {
        failed.hidden = false;
      },
      { timeout: 10000, maximumAge: 300000 }
    );
  });
})();
