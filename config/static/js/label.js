// The labelling page: keys, dialogs, time in view, and focus after each swap. Every key is also a button.
"use strict";

(() => {
  const SHORTCUTS = "tiebreak:shortcuts";
  const turn = () => document.getElementById("turn");
  const openDialog = () => document.querySelector("dialog[open]");

  // ── keys ───────────────────────────────────────────────────────────────────
  const typing = (element) =>
    element.isContentEditable ||
    element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=submit], [type=button])");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
    if (localStorage.getItem(SHORTCUTS) === "off" || typing(event.target)) return;
    const asked = new CustomEvent("tiebreak:key", { cancelable: true, detail: { key: event.key } });
    if (!openDialog() && !document.dispatchEvent(asked)) {
      event.preventDefault();
      return;
    }
    const choice = turn().querySelector(`input[data-choice="${event.key.toLowerCase()}"]`);
    if (choice && !openDialog()) choice.click();
    const dialog = openDialog();
    const scope = dialog ?? turn();
    const button =
      [...scope.querySelectorAll("button[data-key]")].find(
        (each) => each.dataset.key === event.key.toLowerCase() && each.closest("dialog") === dialog,
      ) ?? null;
    const opener = turn().querySelector(`button[data-opens="${dialog?.id}"]`);
    if (button && !button.disabled) {
      event.preventDefault();
      button.click();
    } else if (opener && opener.dataset.key === event.key.toLowerCase()) {
      event.preventDefault();
      dialog.close();
    }
  });

  // ── dialogs ────────────────────────────────────────────────────────────────
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-shortcuts]")) return;
    localStorage.setItem(SHORTCUTS, event.target.checked ? "on" : "off");
  });

  // New guidelines open by themselves, once per version and browser.
  const showNewGuidelines = () => {
    const { campaign, guideline } = turn().dataset;
    const seen = `tiebreak:guideline:${campaign}`;
    if (!guideline || localStorage.getItem(seen) === guideline) return;
    localStorage.setItem(seen, guideline);
    document.getElementById("guideline-dialog").showModal();
  };

  // ── time in view ───────────────────────────────────────────────────────────
  // Kept per assignment in the session, so that a reload goes on counting.
  let visibleSince = null;
  const stored = () => JSON.parse(sessionStorage.getItem("tiebreak:visible") ?? "{}");

  const countVisible = () => {
    const id = turn().dataset.turn;
    if (!id) return 0;
    const before = stored().id === id ? stored().ms : 0;
    const ms = before + (visibleSince === null ? 0 : Math.round(performance.now() - visibleSince));
    sessionStorage.setItem("tiebreak:visible", JSON.stringify({ id, ms }));
    visibleSince = document.hidden ? null : performance.now();
    return ms;
  };

  document.addEventListener("visibilitychange", countVisible);
  window.addEventListener("pagehide", countVisible);
  document.addEventListener("htmx:configRequest", (event) => {
    if ("visible_ms" in event.detail.parameters) event.detail.parameters.visible_ms = countVisible();
  });

  // ── each new turn ──────────────────────────────────────────────────────────
  const begin = () => {
    turn().querySelectorAll("[data-scripted]").forEach((part) => (part.hidden = false));
    turn().querySelector("[data-shortcuts]").checked = localStorage.getItem(SHORTCUTS) !== "off";
    visibleSince = document.hidden ? null : performance.now();
    showNewGuidelines();
    document.dispatchEvent(new CustomEvent("tiebreak:turn", { detail: { root: turn() } }));
  };

  const say = (text) => {
    document.getElementById("announce").textContent = text;
  };

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "turn" && event.detail.target?.id !== "turn") return;
    document.getElementById("send-error").replaceChildren();
    window.scrollTo(0, 0);
    turn().querySelector("#prompt-title, .empty a")?.focus({ preventScroll: true });
    say(turn().dataset.announce);
    begin();
  });

  // ── what can go wrong on the way ───────────────────────────────────────────
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (new URL(xhr.responseURL).pathname !== event.detail.pathInfo.requestPath) {
      // Logged out: the answer ended at the login page. Loading this page anew asks to log in and comes back.
      event.detail.shouldSwap = false;
      window.location.reload();
    } else if (xhr.status === 400) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  const failed = (words) => {
    openDialog()?.close();
    const box = document.createElement("p");
    box.className = "callout callout-bad";
    box.textContent = words;
    document.getElementById("send-error").replaceChildren(box);
    box.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("htmx:sendError", () =>
    failed("Your answer was not sent, because the server cannot be reached. Check the connection and answer again."),
  );
  document.addEventListener("htmx:responseError", (event) =>
    failed(
      `Your answer was not recorded: the server answered ${event.detail.xhr.status}. ` +
        "Reload the page; the pair will still be here.",
    ),
  );

  begin();
})();
