// The rewrite: begins as the better response's text, follows the choice until it is edited.
"use strict";

(() => {
  let part = null;
  let original = {};

  const field = () => part.querySelector("textarea");
  const form = () => field().form;
  const chosenSide = () =>
    /^(left|right)/.exec(form().querySelector("[name=answer]:checked")?.value ?? "")?.[1] ?? null;
  const untouched = () => ["", original.left, original.right].includes(field().value);

  const HINTS = {
    none: "Choose the better response; its text then appears here to be corrected.",
    neither: "Neither is better, so there is nothing to rewrite.",
  };

  const hint = (side) => {
    if (side) return `Correct the ${side} response. Left as it is, it does not count as a rewrite.`;
    return form().querySelector("[name=answer]:checked") ? HINTS.neither : HINTS.none;
  };

  const follow = () => {
    const side = chosenSide();
    if (untouched()) field().value = side ? original[side] : "";
    part.querySelector("[data-hint]").textContent = hint(side);
    part.querySelector("[data-restart-box]").hidden = !side;
  };

  document.addEventListener("tiebreak:turn", (event) => {
    part = event.detail.root.querySelector("[data-rewrite]");
    if (!part) return;
    const text = (side) => {
      // As a text field would hold it: the comparison below is with its value.
      const holder = document.createElement("textarea");
      holder.value = part.querySelector(`template[data-original=${side}]`).content.textContent;
      return holder.value;
    };
    original = { left: text("left"), right: text("right") };
    follow();
  });

  document.addEventListener("change", (event) => {
    if (part?.isConnected && event.target.name === "answer" && event.target.form === form()) follow();
  });

  document.addEventListener("click", (event) => {
    if (!part?.isConnected || !event.target.closest("[data-restart]")) return;
    field().value = original[chosenSide()];
    field().dispatchEvent(new Event("change", { bubbles: true }));
    field().focus();
  });

  // The original shown for editing is nobody's words: it is neither sent nor kept as a draft.
  document.addEventListener("formdata", (event) => {
    if (part?.isConnected && event.target === form() && untouched()) event.formData.set("rewrite", "");
  });

  document.addEventListener("tiebreak:key", (event) => {
    if (event.detail.key !== "e" || !part?.isConnected) return;
    event.preventDefault();
    field().focus();
  });
})();
