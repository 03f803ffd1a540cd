// A ranking: by number keys, by buttons, by dragging; what counts is the rank in each response's select.
"use strict";

(() => {
  const { rankChip, rankItems } = window.tiebreak;

  class Ranking {
    constructor(root) {
      this.root = root;
      this.cards = [...root.querySelectorAll("[data-number]")];
      this.given = []; // numbers in the order that keys ranked them
      this.tieNext = false;
      this.select(1).form?.addEventListener("formdata", (event) => this.close(event.formData));
      root.querySelectorAll("[data-scripted]").forEach((each) => (each.hidden = false));
      root.addEventListener("change", () => this.paint());
      root.addEventListener("click", ({ target }) => this.click(target.closest("[data-act]")));
      for (const name of ["dragstart", "dragover", "drop"]) root.addEventListener(name, (event) => this[name](event));
      this.paint();
    }

    // ── ranks ────────────────────────────────────────────────────────────────
    select(number) {
      return this.root.querySelector(`select[name="rank-${number}"]`);
    }

    rank(number) {
      return Number(this.select(number).value) || null;
    }

    get numbers() {
      return this.cards.map((card) => Number(card.dataset.number));
    }

    // Ranked numbers, best first, those that tie side by side.
    groups() {
      const ranked = this.numbers.filter((number) => this.rank(number));
      const ranks = [...new Set(ranked.map((number) => this.rank(number)))].sort((a, b) => a - b);
      return ranks.map((rank) => ranked.filter((number) => this.rank(number) === rank));
    }

    // Write groups back as ranks without gaps: 1, 2, 2, 4.
    arrange(groups) {
      let rank = 1;
      for (const group of groups.filter((each) => each.length)) {
        for (const number of group) this.select(number).value = String(rank);
        rank += group.length;
      }
    }

    // A complete ranking may still have gaps, left by changing one rank after another; none are sent.
    close(formData) {
      if (!this.numbers.every((number) => this.rank(number))) return;
      this.arrange(this.groups());
      for (const number of this.numbers) formData.set(`rank-${number}`, this.select(number).value);
    }

    changed(number, words) {
      this.select(number).dispatchEvent(new Event("change", { bubbles: true }));
      this.root.querySelector("[data-live]").textContent = `${words} ${this.words()}`;
    }

    words() {
      const said = this.groups().map((group) => group.join(" and ") + (group.length > 1 ? " tied" : ""));
      const open = this.numbers.filter((number) => !this.rank(number));
      const rest = open.length ? ` Not ranked yet: ${open.join(", ")}.` : " All are ranked.";
      return said.length ? `Order: ${said.join(", then ")}.${rest}` : rest.trim();
    }

    set(number, rank) {
      this.select(number).value = String(rank);
      this.changed(number, `Response ${number} has rank ${rank}.`);
    }

    // The next free rank, or the last one again where a tie was asked for.
    give(number) {
      if (this.rank(number)) {
        this.card(number).focus();
        return;
      }
      const ranks = this.numbers.map((each) => this.rank(each)).filter(Boolean);
      const rank = this.tieNext && ranks.length ? Math.max(...ranks) : ranks.length + 1;
      this.tieNext = false;
      this.given.push(number);
      this.set(number, rank);
    }

    takeBack() {
      const number = this.given.pop();
      if (!number || !this.rank(number)) return;
      this.select(number).value = "";
      this.changed(number, `Response ${number} has no rank now.`);
    }

    // Move a response before or after a group, or into it; `place` is before, after or tie.
    put(number, other, place) {
      const groups = this.groups().map((group) => group.filter((each) => each !== number));
      const at = groups.findIndex((group) => group.includes(other));
      if (number === other) return;
      if (place === "tie" && at >= 0) groups[at].push(number);
      else groups.splice(at < 0 ? groups.length : at + (place === "after" ? 1 : 0), 0, [number]);
      this.arrange(groups);
      this.changed(number, `Response ${number} moved.`);
    }

    shift(number, act) {
      const groups = this.groups();
      const at = groups.findIndex((group) => group.includes(number));
      const tied = at >= 0 && groups[at].length > 1;
      const alone = tied ? groups[at].find((each) => each !== number) : null;
      if (at < 0) this.put(number, null, "after");
      else if (act === "tie") tied ? this.put(number, alone, "after") : at && this.put(number, groups[at - 1][0], "tie");
      else if (act === "up") tied ? this.put(number, alone, "before") : at && this.put(number, groups[at - 1][0], "before");
      else if (tied) this.put(number, alone, "after");
      else if (groups[at + 1]) this.put(number, groups[at + 1][0], "after");
      this.root.querySelector(`[data-chip="${number}"] [data-act="${act}"]`)?.focus();
    }

    // ── what is seen ─────────────────────────────────────────────────────────
    card(number) {
      return this.cards.find((card) => card.dataset.number === String(number));
    }

    paint() {
      const find = (name) => this.root.querySelector(`[data-${name}]`);
      const groups = this.groups();
      const waiting = this.numbers.filter((number) => !this.rank(number));
      find("groups").replaceChildren(...rankItems(groups));
      find("waiting").replaceChildren(...waiting.map((number) => rankChip(number, null, false)));
      find("waiting-box").hidden = !waiting.length;
      find("empty").hidden = groups.length > 0;
    }

    // ── keys, clicks, dragging ───────────────────────────────────────────────
    key(key) {
      const card = document.activeElement?.closest("[data-number]");
      if (/^[1-9]$/.test(key)) {
        if (Number(key) <= this.cards.length) card ? this.set(Number(card.dataset.number), Number(key)) : this.give(Number(key));
      } else if (key === "=") {
        this.tieNext = true;
        this.root.querySelector("[data-live]").textContent = "The next response ties with the last one.";
      } else if (key === "Backspace") this.takeBack();
      else return false;
      return true;
    }

    click(button) {
      if (button) this.shift(Number(button.closest("[data-chip]").dataset.chip), button.dataset.act);
    }

    dragstart(event) {
      const chip = event.target.closest("[data-chip]");
      if (chip) event.dataTransfer.setData("text/plain", chip.dataset.chip);
    }

    dragover(event) {
      if (event.target.closest(".rank-order")) event.preventDefault();
    }

    drop(event) {
      const number = Number(event.dataTransfer.getData("text/plain"));
      if (!this.numbers.includes(number)) return;
      event.preventDefault();
      if (this.rank(number) && event.target.closest("[data-waiting-box]")) return;
      const group = event.target.closest(".rank-group");
      const other = Number(group?.querySelector("[data-chip]").dataset.chip) || null;
      const box = group?.getBoundingClientRect();
      const part = box ? (event.clientY - box.top) / box.height : 1;
      this.put(number, other, part < 0.3 ? "before" : part > 0.7 ? "after" : "tie");
    }
  }

  const made = new WeakMap();
  let current = null;

  document.addEventListener("tiebreak:turn", (event) => {
    const root = event.detail.root.querySelector("[data-ranking]");
    if (root && !made.has(root)) made.set(root, new Ranking(root));
    current = root ? made.get(root) : null;
  });

  document.addEventListener("tiebreak:key", (event) => {
    if (current?.root.isConnected && current.key(event.detail.key)) event.preventDefault();
  });
})();
