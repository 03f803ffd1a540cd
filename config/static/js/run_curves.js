// Draws a run's metrics and fetches new steps while the run is unfinished.
"use strict";

(() => {
  const POLL_MS = 2000;
  const CURVES = [
    { title: "Loss", series: [["loss", "--accent"]] },
    { title: "Accuracy", series: [["rewards/accuracies", "--accent"]] },
    { title: "Margin", series: [["rewards/margins", "--accent"]] },
    { title: "Log-probability", series: [["logps/chosen", "--good"], ["logps/rejected", "--bad"]] },
  ];
  const root = document.getElementById("curves");
  if (!root || !window.uPlot) return;

  const rows = [];
  let plots = [];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const column = (name) => rows.map((row) => row[name]);
  const width = (box) => Math.max(240, box.clientWidth);

  // A rejected response's line is dashed too, so that it does not depend on colour alone.
  const line = ([name, stroke], index) => ({
    label: name, stroke: colour(stroke), width: 1.5, dash: index ? [6, 4] : undefined,
    points: { show: (_plot, _series, first, last) => last - first < 30 }, value: (_plot, value) => (value == null ? "–" : value.toPrecision(4)),
  });
  const axis = (size) => ({
    stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") }, size,
  });
  const data = (curve) => [column("step"), ...curve.series.map(([name]) => column(name))];

  function draw() {
    plots.forEach(({ plot }) => plot.destroy());
    root.replaceChildren();
    plots = CURVES.map((curve) => {
      const box = document.createElement("figure");
      const caption = document.createElement("figcaption");
      caption.textContent = curve.title;
      box.append(caption);
      root.append(box);
      const options = {
        width: width(box), height: 220, scales: { x: { time: false } },
        axes: [axis(36), axis(56)],
        series: [{ label: "step" }, ...curve.series.map(line)],
      };
      return { box, curve, plot: new window.uPlot(options, data(curve), box) };
    });
  }

  function update(added) {
    rows.push(...added);
    if (!plots.length) draw();
    else plots.forEach(({ plot, curve }) => plot.setData(data(curve)));
  }

  async function poll() {
    const after = rows.length ? rows[rows.length - 1].step : -1;
    let wait = POLL_MS;
    try {
      const answer = await fetch(`${root.dataset.url}?after=${after}`, { headers: { Accept: "application/json" } });
      if (answer.status === 404 || answer.redirected) return;
      const metrics = await answer.json();
      if (metrics.rows.length) update(metrics.rows);
      if (metrics.finished) return;
    } catch {
      wait = 5 * POLL_MS; // the server is away: ask less often
    }
    setTimeout(poll, wait);
  }

  new ResizeObserver(() => plots.forEach(({ plot, box }) => plot.setSize({ width: width(box), height: 220 }))).observe(root);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.length && draw());
  poll();
})();
