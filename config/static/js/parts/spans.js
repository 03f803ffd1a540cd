// Marking passages: a cursor of whole words, by mouse or keyboard; each mark is a type, a severity and offsets.
"use strict";

(() => {
  const { MarkMenu, WordCursor, markItem, storedMarks } = window.tiebreak;
  const { bounds, quote } = WordCursor;

  class Marking {
    constructor(root) {
      const find = (name) => root.querySelector(`[data-${name}]`);
      Object.assign(this, { root, input: find("marks"), live: find("live"), list: find("list"), help: find("help") });
      this.menu = new MarkMenu(find("menu"), (...chosen) => this.add(...chosen), () => this.closeMenu(true));
      this.marks = storedMarks(this.input.value);
      this.sides = {};
      root.querySelectorAll("[data-words]").forEach((text) => {
        this.sides[text.closest("[data-side]").dataset.side] = new WordCursor(text);
      });
      this.open = null;
      root.querySelectorAll("[data-scripted]").forEach((each) => (each.hidden = false));
      root.addEventListener("keydown", (event) => this.key(event));
      root.addEventListener("click", (event) => this.click(event));
      root.addEventListener("mouseup", () => setTimeout(() => this.read(true)));
      this.paint();
    }

    say(words) {
      this.live.textContent = words;
    }

    // ── which response is being marked ───────────────────────────────────────
    show(side) {
      this.closeMenu();
      this.open = side;
      for (const name of ["left", "right"]) {
        this.root.querySelector(`[data-side=${name}]`).hidden = name !== side;
        this.root.querySelector(`[data-opens-side=${name}]`).setAttribute("aria-expanded", String(name === side));
        this.sides[name]?.paint(name === side);
      }
      this.help.hidden = !side;
      if (this.now) this.now.text.focus();
      else if (side) this.root.querySelector(`[data-opens-side=${side}]`).focus();
    }

    leave() {
      const button = this.root.querySelector(`[data-opens-side=${this.open}]`);
      this.show(null);
      button?.focus();
      this.say("Marking ended.");
    }

    next() {
      if (this.open === "right") this.leave();
      else this.show(this.open ? "right" : "left");
    }

    get now() {
      return this.sides[this.open];
    }

    read(ask) {
      if (!this.now?.readSelection() || !ask) return;
      window.getSelection().removeAllRanges(); // or every later click would read it again
      this.ask();
    }

    move(to, extend) {
      this.now.move(to, extend);
      const here = this.under().map((mark) => `, marked ${mark.type} ${mark.severity}`);
      this.say(quote(this.now.picked()) + here.join(""));
    }

    // ── marks ────────────────────────────────────────────────────────────────
    covered(mark) {
      const meets = (word) => Number(word.dataset.start) < mark.end && Number(word.dataset.end) > mark.start;
      return this.sides[mark.side]?.words.filter(meets) ?? [];
    }

    under() {
      const { start, end } = bounds([this.now.words[this.now.at]]);
      return this.marks.filter((mark) => mark.side === this.open && mark.start < end && mark.end > start);
    }

    ask() {
      this.menu.ask(quote(this.now.picked()));
    }

    add(type, severity) {
      const mark = { side: this.open, ...bounds(this.now.picked()), type, severity };
      const meets = (other) => other.side === mark.side && other.start < mark.end && other.end > mark.start;
      this.closeMenu(true);
      this.now.from = this.now.at;
      this.now.paint(true);
      if (this.marks.some((other) => other.type === type && meets(other))) {
        this.say(`Not marked: it overlaps a mark of the same type, ${type}. Remove that one first.`);
        return;
      }
      this.marks.push(mark);
      this.changed(`Marked ${quote(this.covered(mark))}: ${type}, severity ${severity}.`);
    }

    remove(mark) {
      this.marks = this.marks.filter((other) => other !== mark);
      this.changed(`Removed the mark ${mark.type}.`);
    }

    changed(words) {
      this.input.value = this.marks.length ? JSON.stringify(this.marks) : "";
      this.input.dispatchEvent(new Event("change", { bubbles: true }));
      this.paint();
      this.say(words);
    }

    closeMenu(back = false) {
      this.menu.close();
      if (back) this.now.text.focus();
    }

    // ── what is seen ─────────────────────────────────────────────────────────
    paint() {
      for (const word of Object.values(this.sides).flatMap((side) => side.words)) {
        delete word.dataset.tone;
        delete word.dataset.label;
      }
      for (const mark of this.marks) {
        const words = this.covered(mark);
        words.forEach((word) => (word.dataset.tone = this.menu.types.indexOf(mark.type) % 6));
        const last = words.at(-1);
        if (last) last.dataset.label = `${last.dataset.label ?? ""} ${mark.type} ${mark.severity}`.trim();
      }
      this.list.hidden = !this.marks.length;
      this.list.replaceChildren(
        ...this.marks.map((mark) =>
          markItem(mark, this.menu.types.indexOf(mark.type) % 6, quote(this.covered(mark)), () => this.remove(mark)),
        ),
      );
    }

    // ── keys and clicks ──────────────────────────────────────────────────────
    key(event) {
      if (!this.now || event.ctrlKey || event.altKey || event.metaKey) return;
      const inMenu = this.menu.box.contains(event.target);
      const inText = event.target === this.now.text;
      if ((!inMenu && !inText) || !this.act(event, inMenu)) return;
      event.preventDefault();
      event.stopPropagation();
    }

    act({ key, shiftKey }, inMenu) {
      if (inMenu) return this.menu.key(key);
      const { at, words } = this.now;
      const steps = {
        ArrowLeft: () => at - 1,
        ArrowRight: () => at + 1,
        ArrowUp: () => this.now.line(-1),
        ArrowDown: () => this.now.line(1),
        Home: () => 0,
        End: () => words.length - 1,
      };
      const acts = {
        Enter: () => this.ask(),
        Delete: () => this.under().slice(-1).forEach((mark) => this.remove(mark)),
        Escape: () => this.leave(),
        m: () => this.next(),
      };
      acts.Backspace = acts.Delete;
      if (steps[key]) this.move(steps[key](), shiftKey);
      else acts[key]?.();
      return key in steps || key in acts || /^[0-9]$/.test(key);
    }

    click({ target }) {
      const opener = target.closest("[data-opens-side]");
      const side = opener?.dataset.opensSide;
      if (side) this.show(side === this.open ? null : side);
      else if (target.closest("[data-mark]")) this.ask();
      else if (this.now && window.getSelection().isCollapsed) {
        const word = this.now.words.indexOf(target.closest("[data-start]"));
        if (word >= 0) this.move(word, false);
      }
    }
  }

  const made = new WeakMap();
  let current = null;

  document.addEventListener("tiebreak:turn", (event) => {
    const root = event.detail.root.querySelector("[data-spans]");
    if (root && !made.has(root)) made.set(root, new Marking(root));
    current = root ? made.get(root) : null;
  });

  document.addEventListener("selectionchange", () => current?.read(false));

  document.addEventListener("tiebreak:key", (event) => {
    if (event.detail.key !== "m" || !current?.root.isConnected) return;
    event.preventDefault();
    current.next();
  });
})();
