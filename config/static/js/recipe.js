// A recipe's form: a slider beside each number that has ends, which are its own or those of what the step's
// preview shows. Where `data-scale` says so, it slides by the logarithm.
"use strict";

(() => {
  const ends = (number) => {
    const between = number.dataset.slider;
    if (between !== "values" && between !== "pairs") return between.split(" ").map(Number);
    const shown = number.closest("fieldset")?.querySelector(".step-preview")?.dataset ?? {};
    if (between === "pairs") return shown.pairs ? [1, Number(shown.pairs)] : null;
    return "low" in shown ? [Number(shown.low), Number(shown.high)] : null;
  };

  const isWhole = (number) => number.step !== "any";
  const isLog = (number) => number.dataset.scale === "log";
  const place = (number, value) => (isLog(number) ? Math.log10(value) : value);
  const valueAt = (number, at) => {
    if (!isLog(number)) return at;
    const value = Number((10 ** at).toPrecision(2));
    return isWhole(number) ? Math.round(value) : value;
  };

  const follow = (slider, number) => {
    if (document.activeElement !== slider) {
      slider.value = number.value === "" ? slider.min : Math.max(place(number, Number(number.value)), slider.min);
    }
    slider.classList.toggle("slider-unset", number.value === "");
    slider.setAttribute("aria-valuetext", number.value);
  };

  const made = (number) => {
    const slider = document.createElement("input");
    slider.type = "range";
    slider.setAttribute("aria-label", `${document.querySelector(`label[for="${number.id}"]`).firstChild.textContent.trim()}, slider`);
    slider.addEventListener("input", () => {
      number.value = valueAt(number, Number(slider.value));
      number.dispatchEvent(new Event("input", { bubbles: true }));
    });
    number.addEventListener("input", () => follow(slider, number));
    number.after(slider);
    return slider;
  };

  const draw = (number) => {
    const between = ends(number);
    const old = number.parentElement.querySelector("input[type=range]");
    if (!between || between[0] >= between[1]) {
      old?.remove();
      return;
    }
    const slider = old ?? made(number);
    const [low, high] = between.map((end) => place(number, end));
    // Two hundred stops, at a round number each.
    const step = 10 ** Math.floor(Math.log10((high - low) / 100));
    slider.step = isWhole(number) && !isLog(number) ? Math.max(step, 1) : step;
    slider.min = Math.floor(low / slider.step) * slider.step;
    slider.max = Math.ceil(high / slider.step) * slider.step;
    follow(slider, number);
  };

  const drawAll = () => document.querySelectorAll("input[data-slider]").forEach(draw);

  document.addEventListener("htmx:afterSettle", drawAll);
  drawAll();
})();
