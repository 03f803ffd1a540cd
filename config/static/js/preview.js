// The preview of a campaign: tells the parts that a turn is shown, as the labelling page does.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const part of document.querySelectorAll("main [data-scripted]")) part.hidden = false;
  const root = document.getElementById("answer-form");
  document.dispatchEvent(new CustomEvent("tiebreak:turn", { detail: { root } }));
});
