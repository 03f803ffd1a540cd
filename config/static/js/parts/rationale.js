// The rationale: how many characters it has, and the key that leads to it.
"use strict";

(() => {
  const numbers = new Intl.NumberFormat("en");
  let part = null;

  const count = () => {
    const text = part.querySelector("textarea");
    const { min, max } = text.dataset;
    const length = [...text.value.trim()].length;
    const short = Number(min) - length;
    const long = length - Number(max);
    const said = `${numbers.format(length)} of at most ${numbers.format(max)} characters.`;
    const box = part.querySelector("[data-count]");
    if (long > 0) box.textContent = `${numbers.format(long)} characters too long.`;
    else if (short > 0) box.textContent = `${numbers.format(short)} more characters needed.`;
    else box.textContent = said;
    text.toggleAttribute("data-short", length > 0 && short > 0);
  };

  document.addEventListener("tiebreak:turn", (event) => {
    part = event.detail.root.querySelector("[data-rationale]");
    if (part) count();
  });

  document.addEventListener("input", (event) => {
    if (part?.contains(event.target)) count();
  });

  document.addEventListener("tiebreak:key", (event) => {
    if (event.detail.key !== "w" || !part?.isConnected) return;
    event.preventDefault();
    part.querySelector("textarea").focus();
  });
})();
