// Keys, dialogs and switches of the labelling page. Every key is also a button.
"use strict";

(() => {
  const frame = document.getElementById("labelling");
  const parts = (window.tiebreakLabel ??= {});
  const keys = JSON.parse(frame.dataset.keys);
  const actions = Object.fromEntries(Object.entries(keys).map(([action, key]) => [key, action]));
  const turn = () => document.getElementById("turn");
  const openDialog = () => document.querySelector("dialog[open]");
  const keyOf = (event) => (event.key.length === 1 ? event.key.toLowerCase() : event.key);

  // ── switches ───────────────────────────────────────────────────────────────
  const box = (name) => frame.querySelector(`[data-switch="${name}"]`);
  const on = (name) => box(name).checked;

  const apply = () => {
    frame.toggleAttribute("data-linked", on("linked_scrolling"));
    frame.toggleAttribute("data-at-once", on("auto_advance"));
    for (const button of frame.querySelectorAll('[data-action="link"]')) {
      button.setAttribute("aria-pressed", String(on("linked_scrolling")));
    }
    const usable = on("shortcuts");
    for (const kbd of frame.querySelectorAll("[data-key-of]")) {
      const key = keys[kbd.dataset.keyOf];
      kbd.textContent = key === "Enter" ? "↵" : key;
      kbd.hidden = !usable;
      const target = kbd.parentElement.querySelector("input") ?? kbd.parentElement;
      if (usable) target.setAttribute("aria-keyshortcuts", key);
      else target.removeAttribute("aria-keyshortcuts");
    }
  };

  const set = async (name, value) => {
    box(name).checked = value;
    apply();
    try {
      await parts.outbox.request(
        frame.dataset.switchUrl,
        new URLSearchParams({ [name]: value ? "on" : "off" }),
      );
    } catch {
      // It holds for this page; the settings page is there for good.
    }
  };

  // ── what an action does ────────────────────────────────────────────────────
  const choose = (action) => {
    const radio = turn().querySelector(`label[data-action="${action}"] input`);
    if (!radio || radio.disabled) return false;
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    parts.chosen();
    return true;
  };

  const run = (action) => {
    if (action === "scroll_down" || action === "scroll_up") {
      parts.view.scroll(action === "scroll_down" ? 1 : -1);
    } else if (action === "diff") parts.view.diff();
    else if (action === "context") parts.view.context();
    else if (action === "link") {
      set("linked_scrolling", !on("linked_scrolling"));
      parts.say(on("linked_scrolling") ? "Linked scrolling is on." : "Linked scrolling is off.");
    } else if (action === "advance") {
      set("auto_advance", !on("auto_advance"));
      parts.say(on("auto_advance") ? "Answers go on at once." : "Answers wait for Submit.");
    } else if (action === "submit") parts.submit();
    else if (action === "undo") parts.undo();
    else if (!choose(action)) {
      const opener = frame.querySelector(`[data-action="${action}"][data-opens]`);
      if (!opener || opener.disabled) return false;
      document.getElementById(opener.dataset.opens)?.showModal();
    }
    return true;
  };

  // ── keyboard ───────────────────────────────────────────────────────────────
  const typing = (element) =>
    element.isContentEditable ||
    element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=submit], [type=button])");
  const takesEnter = (element) => element.matches("button, a[href], summary, [role=button], label");

  const inDialog = (event, dialog) => {
    const button = [...dialog.querySelectorAll("button[data-key]")].find((each) => each.dataset.key === keyOf(event));
    const opener = frame.querySelector(`[data-opens="${dialog.id}"]`);
    if (button) button.click();
    else if (opener && keys[opener.dataset.action] === keyOf(event)) dialog.close();
    else return;
    event.preventDefault();
  };

  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.isComposing || event.altKey) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("#answer-form")) {
      event.preventDefault();
      parts.submit();
      return;
    }
    if (event.ctrlKey || event.metaKey || !on("shortcuts") || typing(event.target)) return;
    const dialog = openDialog();
    if (dialog) {
      inDialog(event, dialog);
      return;
    }
    const taken = new CustomEvent("tiebreak:key", { cancelable: true, detail: { key: event.key, event } });
    if (!document.dispatchEvent(taken)) {
      event.preventDefault();
      return;
    }
    const action = actions[keyOf(event)];
    if (!action || (event.key === "Enter" && takesEnter(event.target))) return;
    if (run(action)) event.preventDefault();
  });

  // ── pointer ────────────────────────────────────────────────────────────────
  document.addEventListener("click", (event) => {
    const { target } = event;
    const opener = target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    if (target.closest("[data-closes]")) target.closest("dialog").close();
    const skip = target.closest("[data-skip]");
    if (skip) {
      openDialog()?.close();
      parts.skip(skip.dataset.skip, skip.firstChild.textContent.trim());
    }
    const action = target.closest("[data-action]");
    if (action?.dataset.action === "diff") {
      event.preventDefault();
      parts.view.diff();
    } else if (action?.dataset.action === "link") run("link");
    // A click on a choice answers; arrow keys, which click the radio without a pointer, only choose.
    if (event.detail > 0 && target.matches(".choice-btn input")) setTimeout(parts.chosen, 0, true);
  });

  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.switch;
    if (name) set(name, event.target.checked);
  });

  document.addEventListener("tiebreak:turn", apply);
  parts.settings = { on };
})();
