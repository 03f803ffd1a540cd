// A fragment with data-live brings itself up to date while its page is in view: every ten seconds, and less
// often the longer nothing changes. It stops by itself when the server sends it back without data-live.
"use strict";

(() => {
  const SHORTEST = 10_000;
  const LONGEST = 60_000;
  let wait = SHORTEST;
  let timer;

  const fragment = () => document.querySelector("[data-live]");

  const later = () => {
    clearTimeout(timer);
    if (fragment()) timer = setTimeout(refresh, wait);
  };

  const refresh = () => {
    const live = fragment();
    // A swap would take the focus away from whoever is inside with the keyboard.
    const busy = live?.contains(document.activeElement);
    if (live && !busy && document.visibilityState === "visible") htmx.trigger(live, "refresh");
    else later();
  };

  let before = fragment()?.dataset.live;
  document.addEventListener("htmx:afterSettle", () => {
    const now = fragment()?.dataset.live;
    wait = now === before ? Math.min(wait * 1.5, LONGEST) : SHORTEST;
    before = now;
    later();
  });
  for (const failed of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failed, () => {
      wait = LONGEST;
      later();
    });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    wait = SHORTEST;
    refresh();
  });
  later();
})();
