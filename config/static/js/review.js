// The review page by keyboard: digits choose in the group that has the focus, else in the first one, and move on.
"use strict";

(() => {
  const form = document.getElementById("decision");
  if (!form) return;
  const groups = [...form.querySelectorAll("[data-digits]")];
  const toggle = document.querySelector("[data-shortcuts]");
  const SHORTCUTS = "tiebreak:shortcuts";

  const typing = (element) => element.matches("textarea, select, input:not([type=checkbox], [type=radio])");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
    if (localStorage.getItem(SHORTCUTS) === "off" || typing(event.target)) return;
    const at = groups.findIndex((group) => group.contains(document.activeElement));
    const group = groups[Math.max(at, 0)];
    const radio = group.querySelector(`input[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (radio) {
      event.preventDefault();
      radio.checked = true;
      const after = groups[groups.indexOf(group) + 1];
      (after?.querySelector("input:checked, input") ?? form.querySelector("button")).focus();
    } else if (event.key === "n") {
      event.preventDefault();
      form.querySelector("textarea").focus();
    } else if (event.key === "j") {
      document.getElementById("next-pair")?.click();
    }
  });

  toggle.closest("[data-scripted]").hidden = false;
  toggle.checked = localStorage.getItem(SHORTCUTS) !== "off";
  toggle.addEventListener("change", () => localStorage.setItem(SHORTCUTS, toggle.checked ? "on" : "off"));
})();
