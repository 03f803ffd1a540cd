// Holds on to the turn on the screen: renews its lease while the page is in view, and keeps what is filled in.
"use strict";

(() => {
  const frame = document.getElementById("labelling");
  const parts = (window.tiebreakLabel ??= {});
  const EVERY_MS = (Number(frame.dataset.lease) * 1000) / 3;
  const TYPING_MS = 800;
  const NOT_KEPT = ["csrfmiddlewaretoken", "visible_ms", "turn", "have"];

  let root = null;
  let debounce = null;
  let dirty = false;
  let last = 0;
  let told = false;

  const fields = () => {
    const draft = {};
    for (const [name, value] of new FormData(root.querySelector("#answer-form"))) {
      if (!NOT_KEPT.includes(name) && typeof value === "string" && value) (draft[name] ??= []).push(value);
    }
    return draft;
  };

  const isOpen = () => root?.dataset.assignment && !root.hasAttribute("data-sent");

  const keep = async () => {
    if (!isOpen()) return;
    const turn = root;
    const body = new URLSearchParams({ turn: turn.dataset.turn });
    if (dirty) body.set("draft", JSON.stringify(fields()));
    dirty = false;
    last = Date.now();
    clearTimeout(debounce);
    let response;
    try {
      response = await parts.outbox.request(turn.dataset.keepUrl, body);
    } catch {
      dirty ||= body.has("draft"); // the next beat tries again
      return;
    }
    if (turn !== root || !isOpen() || told) return;
    if (parts.outbox.isLoggedOut(response)) {
      told = true;
      parts.tell("warn", "You are logged out. Your answer is kept here; log in again to send it.");
    } else if (response.status === 409 || response.status === 400) {
      told = true;
      parts.tell("warn", await response.text(), response.status === 409);
    }
  };

  const changed = (event) => {
    if (!event.target.closest?.("#answer-form") || !isOpen()) return;
    dirty = true;
    clearTimeout(debounce);
    debounce = setTimeout(keep, TYPING_MS);
  };
  document.addEventListener("change", changed);
  document.addEventListener("input", changed);

  setInterval(() => document.hidden || keep(), EVERY_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden ? dirty : Date.now() - last > EVERY_MS) keep();
  });

  document.addEventListener("tiebreak:turn", (event) => {
    clearTimeout(debounce);
    root = event.detail.root;
    dirty = told = false;
    last = Date.now();
  });

  parts.draft = {
    stop() {
      clearTimeout(debounce);
      dirty = false;
    },
  };
})();
