// A cursor of whole words over a text: where it stands, what it covers, where a line up or down leads.
"use strict";

window.tiebreak = window.tiebreak ?? {};

window.tiebreak.WordCursor = class {
  constructor(text) {
    this.text = text;
    this.words = [...text.querySelectorAll("[data-start]")];
    this.at = 0;
    this.from = 0;
  }

  picked() {
    return this.words.slice(Math.min(this.at, this.from), Math.max(this.at, this.from) + 1);
  }

  move(to, extend) {
    this.at = Math.max(0, Math.min(this.words.length - 1, to));
    if (!extend) this.from = this.at;
    this.words[this.at].scrollIntoView({ block: "nearest" });
    this.paint(true);
  }

  // The word nearest above or below: −1 or 1.
  line(direction) {
    const { words, at } = this;
    const here = words[at].getBoundingClientRect();
    const off = (word) => Math.abs(word.getBoundingClientRect().left - here.left);
    let best = null;
    let top = null;
    for (let i = at + direction; i >= 0 && i < words.length; i += direction) {
      const box = words[i].getBoundingClientRect();
      if (Math.abs(box.top - here.top) < here.height / 2) continue;
      top ??= box.top;
      if (Math.abs(box.top - top) > here.height / 2) break;
      if (best === null || off(words[i]) < off(words[best])) best = i;
    }
    return best ?? at;
  }

  // Take over what the mouse or a finger selected; false where that is nothing of this text.
  readSelection() {
    const selection = window.getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return false;
    const range = selection.getRangeAt(0);
    const holds = (word) =>
      range.intersectsNode(word) &&
      !(word.contains(range.startContainer) && range.startOffset === range.startContainer.length) &&
      !(word.contains(range.endContainer) && range.endOffset === 0);
    const inside = this.words.map((word, i) => (holds(word) ? i : -1)).filter((i) => i >= 0);
    if (!inside.length) return false;
    [this.from, this.at] = [inside[0], inside.at(-1)];
    this.paint(true);
    return true;
  }

  paint(active) {
    const picked = new Set(active ? this.picked() : []);
    this.words.forEach((word, i) => {
      word.classList.toggle("is-picked", picked.has(word));
      word.classList.toggle("is-cursor", active && i === this.at);
    });
  }

  static bounds(words) {
    return { start: Number(words[0].dataset.start), end: Number(words.at(-1).dataset.end) };
  }

  static quote(words) {
    const text = words.map((word) => word.textContent);
    const shown = text.length > 12 ? [...text.slice(0, 5), "…", ...text.slice(-3)] : text;
    return `“${shown.join(" ")}”`;
  }
};
