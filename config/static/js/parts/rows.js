// Rows of radio buttons: a digit chooses within the focused row and goes on to the next, r finds what is open.
"use strict";

(() => {
  let root = null;

  const rows = () => [...root.querySelectorAll("[data-row]")];
  const radios = (row) => [...row.querySelectorAll("input[type=radio]")];
  const isOpen = (row) => !radios(row).some((radio) => radio.checked);

  const enter = (row) => {
    const target = radios(row).find((radio) => radio.checked) ?? radios(row)[0];
    target.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  const submit = () => root.querySelector("#answer-form :is([type=submit], button:not([type]))")?.focus();

  const choose = (row, radio) => {
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    const all = rows();
    const next = all[all.indexOf(row) + 1];
    if (next) enter(next);
    else submit();
  };

  document.addEventListener("tiebreak:turn", (event) => {
    root = event.detail.root;
    root.querySelector("[data-wrong]")?.scrollIntoView({ block: "nearest" });
  });

  document.addEventListener("tiebreak:key", (event) => {
    if (!root?.isConnected) return;
    const { key } = event.detail;
    const row = document.activeElement?.closest("[data-row]");
    if (row && /^[0-9]$/.test(key)) {
      const all = radios(row);
      const named = all.some((radio) => radio.dataset.digit);
      const radio = named ? all.find((each) => each.dataset.digit === key) : all[Number(key) - 1];
      event.preventDefault(); // a digit inside a row is never an answer to the whole
      if (radio) choose(row, radio);
    } else if (key === "r" && rows().length) {
      event.preventDefault();
      const open = rows().find(isOpen);
      if (open) enter(open);
      else submit();
    }
  });
})();
