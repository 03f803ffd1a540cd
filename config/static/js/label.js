// The labelling page: the turn on the screen, the one that comes next, and what becomes of answers.
"use strict";

(() => {
  const frame = document.getElementById("labelling");
  const parts = (window.tiebreakLabel ??= {});
  const shown = () => document.getElementById("turn");
  const form = () => shown().querySelector("#answer-form");
  const isTurn = (turn) => Boolean(turn?.dataset.assignment);

  const DOUBLE_CLICK_MS = 350;

  let following = null; // the turn that comes after the one on the screen, kept out of the page
  let fetching = false;
  let shownAt = 0;
  let answer = ""; // the last one in words, to be said when the next pair is shown

  // ── saying things ──────────────────────────────────────────────────────────
  parts.say = (text) => {
    document.getElementById("announce").textContent = text;
  };

  parts.tell = (level, text, offerNext = false) => {
    const line = document.createElement("div");
    line.className = `callout callout-${level} notice`;
    const words = document.createElement("p");
    words.textContent = text;
    const acts = document.createElement("div");
    acts.className = "actions";
    const button = (label, act) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "btn btn-quiet";
      made.textContent = label;
      made.addEventListener("click", () => {
        line.remove();
        act?.();
      });
      acts.append(made);
    };
    if (offerNext) button("Go on to the next pair", skipAhead);
    button("Dismiss");
    line.append(words, acts);
    const notices = document.getElementById("notices");
    for (const same of [...notices.children]) if (same.firstChild.textContent === text) same.remove();
    notices.append(line);
    line.scrollIntoView({ block: "nearest" });
  };

  // ── showing a turn ─────────────────────────────────────────────────────────
  const parse = (html) => {
    const box = document.createElement("template");
    box.innerHTML = html;
    return box.content.querySelector("#turn");
  };

  const showGuidelines = (turn) => {
    const dialog = turn.querySelector("#guideline-dialog");
    if (!dialog) return;
    document.getElementById("guideline-place").replaceChildren(dialog);
    // New guidelines open by themselves, once per version and browser.
    const seen = `tiebreak:guideline:${frame.dataset.campaign}`;
    if (Number(localStorage.getItem(seen)) >= Number(dialog.dataset.version)) return;
    localStorage.setItem(seen, dialog.dataset.version);
    dialog.showModal();
  };

  const begin = (turn) => {
    showGuidelines(turn);
    for (const part of frame.querySelectorAll("[data-scripted]")) part.hidden = false;
    document.dispatchEvent(new CustomEvent("tiebreak:turn", { detail: { root: turn } }));
  };

  const show = (turn, words = "") => {
    document.querySelector("dialog[open]")?.close();
    setWaiting(turn, false);
    shown().replaceWith(turn);
    window.scrollTo(0, 0);
    turn.querySelector("#prompt-title, .empty a")?.focus({ preventScroll: true });
    begin(turn);
    const what = isTurn(turn) ? "Next pair." : turn.querySelector(".empty p")?.textContent.trim();
    parts.say(`${words} ${what ?? ""}`.trim());
    shownAt = performance.now();
    answer = "";
    prefetch();
  };

  const setWaiting = (turn, waiting) => {
    turn.toggleAttribute("data-sent", waiting);
    const answers = turn.querySelector("#answer-form");
    if (!answers) return;
    for (const part of answers.querySelectorAll("fieldset, button")) part.disabled = waiting;
    const line = answers.querySelector(".answer-wait");
    line.hidden = !waiting;
    line.textContent = waiting ? "Your answer is on its way. The next pair comes as soon as it is here." : "";
  };

  // ── the turn after this one ────────────────────────────────────────────────
  const key = (turn) => ({ assignment: turn.dataset.assignment, turn: turn.dataset.turn });

  const given = new Set(); // what was answered here: the server may send it again before it has heard of that
  const name = (turn) => `${turn.dataset.assignment}:${turn.dataset.turn}`;

  const receive = (turn) => {
    if (!turn || (isTurn(turn) && (given.has(name(turn)) || parts.outbox.has(key(turn))))) return;
    const now = shown();
    if (isTurn(turn) && isTurn(now) && turn.dataset.assignment === now.dataset.assignment) {
      // The same turn again: only a newer opening of it, or an answer that was not taken, replaces it.
      if (turn.dataset.turn === now.dataset.turn && !now.hasAttribute("data-sent")) return;
      show(turn, answer);
    } else if (!isTurn(now) || now.hasAttribute("data-sent")) show(turn, answer);
    else if (!following) following = turn;
  };

  // The feedback of a qualification round comes before its next pair, so nothing is fetched ahead there.
  const prefetch = async () => {
    const now = shown();
    const sent = now.hasAttribute("data-sent");
    if (fetching || following || parts.outbox.size() || now.hasAttribute("data-alone")) return;
    if (!isTurn(now)) return;
    fetching = true;
    try {
      const have = sent ? "" : `?have=${now.dataset.assignment}`;
      const response = await parts.outbox.request(frame.dataset.nextUrl + have);
      if (parts.outbox.isLoggedOut(response) || !response.ok) return;
      const turn = parse(await response.text());
      if (shown() === now) receive(turn);
    } catch {
      // Without it the next pair comes with the response to the answer.
    } finally {
      fetching = false;
    }
  };
  parts.settled = prefetch;

  const skipAhead = async () => {
    following = null;
    setWaiting(shown(), true);
    await prefetch();
    if (shown().hasAttribute("data-sent")) setWaiting(shown(), false);
  };

  // What the server should not send again: the turn on the screen, unless it is the one being answered.
  parts.have = (entry) => {
    const { assignment } = shown().dataset;
    return assignment && assignment !== entry.assignment ? assignment : "";
  };

  // ── answering ──────────────────────────────────────────────────────────────
  const submitFields = (fields, words) => {
    const now = shown();
    if (!isTurn(now) || now.hasAttribute("data-sent")) return;
    fields.set("visible_ms", String(parts.time.visible()));
    fields.set("turn", now.dataset.turn);
    fields.delete("csrfmiddlewaretoken");
    parts.draft.stop();
    parts.time.answered(1);
    setWaiting(now, true);
    given.add(name(now));
    answer = `${words}.`;
    const next = now.hasAttribute("data-alone") ? null : following;
    following = null;
    parts.outbox.add({ ...key(now), url: urlOf(now), body: new URLSearchParams(fields).toString(), words });
    if (next) show(next, answer);
    parts.outbox.flush(); // only now: it tells the server which turn is on the screen
  };
  const urlOf = (turn) => turn.querySelector("#answer-form").getAttribute("action");

  const choice = () => form()?.querySelector("input[name=answer]:checked")?.closest("label");

  parts.submit = () => {
    const now = form();
    if (!now || shown().hasAttribute("data-sent") || !now.reportValidity()) return;
    submitFields(new FormData(now), choice()?.querySelector("span").textContent ?? "Answered");
  };

  // A choice was made by key or click: the whole answer, where nothing else is asked for. The second half of a
  // double click falls on a pair that nobody has seen yet.
  parts.chosen = (byPointer = false) => {
    if (byPointer && performance.now() - shownAt < DOUBLE_CLICK_MS) return;
    if (form()?.dataset.plain === "yes" && parts.settings.on("auto_advance") && choice()) parts.submit();
  };

  parts.skip = (reason, words) => {
    const fields = new FormData();
    fields.set("answer", "skip");
    fields.set("skip_reason", reason);
    submitFields(fields, `Skipped: ${words.toLowerCase()}`);
  };

  document.addEventListener("submit", (event) => {
    if (event.target.id === "answer-form") {
      event.preventDefault();
      parts.submit();
    } else if (event.target.matches("[data-undo]")) {
      event.preventDefault();
      parts.undo();
    }
  });

  // ── what became of an answer ───────────────────────────────────────────────
  parts.answered = (entry, status, html) => {
    const turn = parse(html);
    const outcome = turn?.dataset.outcome;
    if (outcome !== "recorded" && outcome !== "already") given.delete(`${entry.assignment}:${entry.turn}`);
    if (outcome === "invalid") {
      parts.time.answered(-1);
      if (isTurn(shown()) && !shown().hasAttribute("data-sent")) following = shown();
      show(turn);
      parts.tell("bad", turn.dataset.notice);
      return;
    }
    if (!turn) {
      parts.time.answered(-1);
      parts.tell("bad", `An answer (${entry.words}) was not recorded: the server answered ${status}. The pair is not yours any more.`);
      if (shown().hasAttribute("data-sent")) skipAhead();
      return;
    }
    if (outcome === "refused") parts.time.answered(-1);
    const news = outcome === "refused" || (outcome === "already" && entry.tries === 0);
    if (news) parts.tell(turn.dataset.level, turn.dataset.notice);
    receive(turn);
  };

  // ── taking back ────────────────────────────────────────────────────────────
  let undoing = false;
  parts.undo = async () => {
    if (undoing) return;
    undoing = true;
    try {
      if (!(await parts.outbox.emptied())) {
        parts.tell("info", "Your last answer is not sent yet. It can be taken back once the connection is there.");
        return;
      }
      const undoForm = frame.querySelector("[data-undo]");
      const response = await parts.outbox.request(undoForm.getAttribute("action"), new URLSearchParams());
      if (parts.outbox.isLoggedOut(response)) {
        parts.outbox.logIn();
        return;
      }
      const turn = parse(await response.text());
      if (turn?.dataset.outcome !== "undone") {
        parts.tell(turn?.dataset.level ?? "bad", turn?.dataset.notice ?? "Nothing was taken back. Reload the page.");
        return;
      }
      parts.time.answered(-1);
      following = isTurn(shown()) ? shown() : null;
      show(turn, turn.querySelector("#former")?.textContent ?? "Taken back.");
    } catch {
      parts.tell("warn", "Nothing was taken back, because the server cannot be reached. Try again in a moment.");
    } finally {
      undoing = false;
    }
  };

  window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());

  // An answer to this very turn may still be on its way from before a reload, or in another tab.
  const first = shown();
  begin(first);
  parts.outbox.takeOver();
  if (isTurn(first) && parts.outbox.has(key(first))) setWaiting(first, true);
  parts.outbox.flush();
})();
