// Answers on their way to the server. Each is kept in the browser until the server has said what became of it,
// so a lost connection, a reload or a closed tab loses none. The server takes each answer once.
"use strict";

(() => {
  const frame = document.getElementById("labelling");
  const parts = (window.tiebreakLabel ??= {});
  const KEY = `tiebreak:outbox:${frame.dataset.campaign}:${frame.dataset.user}`;
  const ORPHANED_MS = 30_000; // the tab that wrote it is gone by then, or about to send it
  const FIRST_WAIT_MS = 1_000;
  const LONGEST_WAIT_MS = 30_000;
  const state = document.getElementById("save-state");

  let memory = []; // where there is no storage
  let tab = sessionStorage.getItem("tiebreak:tab");
  if (!tab) sessionStorage.setItem("tiebreak:tab", (tab = String(Math.random())));

  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY) ?? "[]");
    } catch {
      return memory;
    }
  };
  const write = (entries) => {
    memory = entries;
    try {
      localStorage.setItem(KEY, JSON.stringify(entries));
    } catch {
      // Full or forbidden: the answers live as long as the page.
    }
  };
  const same = (one, other) => one.assignment === other.assignment && one.turn === other.turn;
  const change = (entry) => write(read().map((each) => (same(each, entry) ? entry : each)));
  const remove = (entry) => write(read().filter((each) => !same(each, entry)));
  const mine = () => read().filter((each) => each.tab === tab || Date.now() - each.at > ORPHANED_MS);

  let busy = false;
  let timer = null;
  let failures = 0;
  let leaving = false;

  const report = (name) => {
    const n = read().length;
    const words = {
      saving: "Saving…",
      saved: "Saved",
      waiting: `Waiting for the connection (${n} to send)`,
    };
    state.textContent = words[name] ?? "";
    state.dataset.state = name;
  };

  const headers = () => ({
    ...JSON.parse(document.body.getAttribute("hx-headers")),
    "HX-Request": "true",
    "X-Guideline": document.getElementById("guideline-dialog")?.dataset.version ?? "",
  });

  // A request of the labelling page. Without a session it comes back as a redirect, which is not followed.
  const request = (url, body) =>
    fetch(url, {
      method: body ? "POST" : "GET",
      body,
      headers: headers(),
      redirect: "manual",
      signal: AbortSignal.timeout(20_000),
    });
  const isLoggedOut = (response) => response.type === "opaqueredirect" || response.status === 403;

  const logIn = () => {
    // Loading this page anew asks to log in and comes back; what is unsent is sent then.
    leaving = true;
    window.location.reload();
  };

  const later = () => {
    report("waiting");
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
    failures += 1;
    clearTimeout(timer);
    timer = setTimeout(flush, wait);
  };

  // Whether the server has said what became of the answer.
  const send = async (entry) => {
    change({ ...entry, tries: entry.tries + 1 });
    report("saving");
    const body = new URLSearchParams(entry.body);
    const have = parts.have(entry);
    if (have) body.set("have", have);
    let response;
    let html;
    try {
      response = await request(entry.url, body);
      if (isLoggedOut(response)) {
        logIn();
        return false;
      }
      html = await response.text();
    } catch {
      later();
      return false;
    }
    if (response.status >= 500 || [408, 425, 429].includes(response.status)) {
      later();
      return false;
    }
    failures = 0;
    remove(entry);
    parts.answered(entry, response.status, html);
    return true;
  };

  // Sends what is there, in order; resolves when it is all sent or has to wait.
  const flush = async () => {
    if (busy || leaving) return;
    busy = true;
    clearTimeout(timer);
    let sent = 0;
    try {
      for (let entry = mine()[0]; entry; entry = mine()[0]) {
        if (!(await send(entry))) return;
        sent += 1;
      }
    } finally {
      busy = false;
    }
    if (sent) report("saved");
    parts.settled();
  };

  const add = (entry) => {
    write([...read().filter((each) => !same(each, entry)), { ...entry, tab, at: Date.now(), tries: 0 }]);
  };

  // The answers another tab or an earlier load of this page left behind become this tab's.
  const takeOver = () => 
    write(read().map((each) => (each.tab === tab ? each : { ...each, tab, tries: each.tries + 1 })));

  const emptied = async () => {
    for (let i = 0; busy && i < 200; i += 1) await new Promise((resolve) => setTimeout(resolve, 100));
    await flush();
    return mine().length === 0;
  };

  window.addEventListener("online", flush);
  document.addEventListener("visibilitychange", () => document.hidden || (mine().length && flush()));
  window.addEventListener("beforeunload", (event) => {
    if (read().length && !leaving) event.preventDefault();
  });

  parts.outbox = { add, emptied, flush, request, isLoggedOut, logIn, takeOver };
  parts.outbox.has = (turn) =>
    read().some((each) => each.assignment === turn.assignment && each.turn === turn.turn);
  parts.outbox.size = () => read().length;
})();
