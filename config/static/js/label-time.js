// Time: how long a turn was in view, how many are answered and at which pace, and when a break is due.
"use strict";

(() => {
  const frame = document.getElementById("labelling");
  const progress = document.getElementById("progress");
  const parts = (window.tiebreakLabel ??= {});
  const BREAK_MS = 300_000; // a longer gap between two answers is a break, not work
  const RECENT = 20;
  const KEPT = 40;
  const whole = new Intl.NumberFormat("en");

  // ── time in view ───────────────────────────────────────────────────────────
  // Kept per turn in the session, so that a reload, or another turn in between, goes on counting.
  let current = null;
  let visibleSince = null;
  const stored = () => JSON.parse(sessionStorage.getItem("tiebreak:visible") ?? "{}");

  const count = () => {
    if (!current) return 0;
    const all = stored();
    const ms = (all[current] ?? 0) + (visibleSince === null ? 0 : Math.round(performance.now() - visibleSince));
    delete all[current]; // so that it counts as the newest
    const newest = Object.entries({ ...all, [current]: ms }).slice(-KEPT);
    sessionStorage.setItem("tiebreak:visible", JSON.stringify(Object.fromEntries(newest)));
    visibleSince = document.hidden ? null : performance.now();
    return ms;
  };

  document.addEventListener("visibilitychange", count);
  window.addEventListener("pagehide", count);
  document.addEventListener("tiebreak:turn", (event) => {
    count();
    const { assignment, turn } = event.detail.root.dataset;
    current = assignment ? `t${assignment}:${turn}` : null;
    visibleSince = document.hidden ? null : performance.now();
  });

  // ── progress ───────────────────────────────────────────────────────────────
  const numbers = {
    answered: Number(progress.dataset.answered),
    today: Number(progress.dataset.today),
    left: "left" in progress.dataset ? Number(progress.dataset.left) : null,
  };
  let times = progress.dataset.recent.split(" ").filter(Boolean).map((at) => Number(at) * 1000);

  const pace = () => {
    const gaps = times.slice(1).map((at, i) => at - times[i]);
    const worked = gaps.filter((gap) => gap <= BREAK_MS);
    const sum = worked.reduce((one, other) => one + other, 0);
    return worked.length > 1 && sum > 0 ? (60_000 * worked.length) / sum : null;
  };

  const put = (name, text) => {
    const place = progress.querySelector(`[data-count="${name}"]`);
    if (place) place.textContent = text;
  };

  const render = () => {
    put("answered", whole.format(numbers.answered));
    put("today", whole.format(numbers.today));
    const perMinute = pace();
    put("pace", perMinute ? `· ${perMinute.toFixed(1)} a minute` : "");
    if (numbers.left === null) return;
    put("left", whole.format(numbers.left));
    put("total", whole.format(numbers.answered + numbers.left));
    const bar = progress.querySelector("progress");
    bar.max = numbers.answered + numbers.left;
    bar.value = numbers.answered;
  };

  // `by` is 1 for an answer given and −1 for one taken back or refused.
  const answered = (by) => {
    numbers.answered += by;
    numbers.today = Math.max(0, numbers.today + by);
    if (numbers.left !== null) numbers.left = Math.max(0, numbers.left - by);
    times = by > 0 ? [...times, Date.now()].slice(-RECENT) : times.slice(0, -1);
    if (by > 0) work();
    render();
  };

  // ── breaks ─────────────────────────────────────────────────────────────────
  const line = document.getElementById("break-line");
  const minutes = Number(frame.dataset.breakAfter ?? 0);

  const work = () => {
    const now = Date.now();
    const before = JSON.parse(sessionStorage.getItem("tiebreak:work") ?? "null");
    const since = before && now - before.last <= BREAK_MS ? before.since : now;
    sessionStorage.setItem("tiebreak:work", JSON.stringify({ since, last: now }));
    const worked = Math.floor((now - since) / 60_000);
    if (!minutes || worked < minutes) return;
    line.querySelector("span").textContent =
      `You have been answering for ${worked} minutes. A short break keeps judgment fresh.`;
    line.hidden = false;
  };

  line.addEventListener("click", (event) => {
    if (!event.target.closest("[data-dismiss-break]")) return;
    line.hidden = true;
    sessionStorage.removeItem("tiebreak:work");
  });

  parts.time = { visible: count, answered };
})();
