// How the two responses are seen: scrolled together, with the words that differ, the earlier turns unfolded.
"use strict";

(() => {
  const parts = (window.tiebreakLabel ??= {});
  const turn = () => document.getElementById("turn");
  const bodies = () => [...turn().querySelectorAll(".response-body")];

  // ── scrolling ──────────────────────────────────────────────────────────────
  let leader = null; // the side that the person scrolls; the other one follows without answering back
  let release = null;

  document.addEventListener(
    "scroll",
    (event) => {
      const body = event.target;
      if (!parts.settings?.on("linked_scrolling") || !body.matches?.(".response-body")) return;
      if (leader && leader !== body) return;
      leader = body;
      clearTimeout(release);
      release = setTimeout(() => (leader = null), 120);
      const share = body.scrollTop / Math.max(1, body.scrollHeight - body.clientHeight);
      for (const other of bodies()) {
        if (other !== body) other.scrollTop = share * (other.scrollHeight - other.clientHeight);
      }
    },
    true,
  );

  const scroll = (direction) => {
    const scrollable = bodies().filter((body) => body.scrollHeight > body.clientHeight + 1);
    for (const body of scrollable) body.scrollTop += direction * 0.8 * body.clientHeight;
    if (!scrollable.length) window.scrollBy({ top: direction * 0.7 * window.innerHeight });
  };

  // ── words that differ ──────────────────────────────────────────────────────
  const showDiff = (link, on) => {
    for (const body of bodies()) {
      body.querySelector("[data-rendered]").hidden = on;
      body.querySelector("[data-diff]").hidden = !on;
    }
    link.setAttribute("aria-pressed", String(on));
    parts.say(on ? "Words that differ are marked." : "Responses as written.");
  };

  const diff = async () => {
    const link = turn().querySelector('[data-action="diff"]');
    if (!link) return;
    if (!turn().querySelector("[data-diff]")) {
      let response;
      try {
        response = await parts.outbox.request(link.href);
      } catch {
        parts.tell("warn", "The words that differ cannot be fetched: the server cannot be reached.");
        return;
      }
      if (parts.outbox.isLoggedOut(response)) return parts.outbox.logIn();
      const box = document.createElement("template");
      box.innerHTML = await response.text();
      const marked = box.content.querySelectorAll("[data-diff]");
      if (!marked.length) {
        parts.tell("info", box.content.textContent.trim());
        return;
      }
      for (const text of marked) {
        turn().querySelector(`.response-body[data-side="${text.dataset.diff}"]`)?.append(text);
      }
    }
    showDiff(link, link.getAttribute("aria-pressed") !== "true");
  };

  const context = () => {
    const earlier = turn().querySelector("[data-context]");
    if (earlier) earlier.open = !earlier.open;
  };

  document.addEventListener("tiebreak:turn", (event) => {
    const link = event.detail.root.querySelector('[data-action="diff"]');
    link?.setAttribute("role", "button");
    link?.setAttribute("aria-pressed", "false");
    for (const text of event.detail.root.querySelectorAll("[data-diff]")) text.hidden = true;
    for (const text of event.detail.root.querySelectorAll("[data-rendered]")) text.hidden = false;
  });

  parts.view = { scroll, diff, context };
})();
