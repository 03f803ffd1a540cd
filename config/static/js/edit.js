// Changing an answer: the time in view, and the form's parts told where they are.
"use strict";

(() => {
  let seen = 0;
  let since = document.hidden ? null : performance.now();

  const count = () => {
    if (since !== null) seen += performance.now() - since;
    since = document.hidden ? null : performance.now();
  };

  document.addEventListener("visibilitychange", count);
  document.addEventListener("submit", (event) => {
    count();
    const field = event.target.querySelector("input[name=visible_ms]");
    if (field) field.value = Math.round(seen);
  });

  const root = document.getElementById("content");
  document.dispatchEvent(new CustomEvent("tiebreak:turn", { detail: { root } }));
})();
