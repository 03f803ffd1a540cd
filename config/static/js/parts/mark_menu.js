// What is wrong, then how severe it is: two short lists of buttons, by number or by pointer.
"use strict";

window.tiebreak = window.tiebreak ?? {};

window.tiebreak.MarkMenu = class {
  // `done(type, severity)` is called with a choice, `cancelled()` when there is none.
  constructor(box, done, cancelled) {
    Object.assign(this, { box, done, cancelled });
    this.lists = { types: box.querySelector("[data-types]"), severities: box.querySelector("[data-severities]") };
    this.types = this.buttons("types").map((button) => button.value);
    box.addEventListener("click", (event) => this.click(event.target.closest("button")));
  }

  buttons(list) {
    return [...this.lists[list].querySelectorAll("button")];
  }

  ask(words) {
    this.step("types", `What is wrong with ${words}?`);
  }

  step(list, question) {
    this.box.hidden = false;
    this.box.querySelector("[data-asks]").textContent = question;
    for (const [name, each] of Object.entries(this.lists)) each.hidden = name !== list;
    this.box.scrollIntoView({ block: "nearest" });
    this.buttons(list)[0].focus({ preventScroll: true });
  }

  close() {
    this.box.hidden = true;
  }

  click(button) {
    if (!button) return;
    if (button.matches("[data-cancel]")) this.cancelled();
    else if (this.lists.severities.contains(button)) this.done(this.type, Number(button.value));
    else if (this.buttons("severities").length > 1) {
      this.type = button.value;
      this.step("severities", `How severe is it (${this.type})?`);
    } else this.done(button.value, 1);
  }

  // Whether the key meant something here.
  key(key) {
    if (key === "Escape") this.cancelled();
    const list = this.lists.types.hidden ? "severities" : "types";
    this.click(this.buttons(list).find((button) => button.dataset.digit === key));
    return key === "Escape" || /^[0-9]$/.test(key);
  }
};

// A mark in the list beneath the text, in its type's colour and in words.
window.tiebreak.markItem = (mark, tone, quoted, remove) => {
  const item = document.createElement("li");
  item.dataset.tone = tone;
  const words = document.createElement("span");
  words.textContent = `${mark.side === "left" ? "Left" : "Right"}: ${mark.type} ${mark.severity}, ${quoted}`;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "btn btn-quiet", textContent: "Remove" });
  button.setAttribute("aria-label", `Remove the mark ${words.textContent}`);
  button.addEventListener("click", remove);
  item.append(words, button);
  return item;
};

window.tiebreak.storedMarks = (value) => {
  try {
    return JSON.parse(value || "[]").filter((mark) => mark.side === "left" || mark.side === "right");
  } catch {
    return []; // what cannot be read cannot be shown; the server has said so
  }
};
