// A recipe's form: a slider beside each number that has ends, which are its own or those of the values that
// the step's preview shows.
"use strict";

(() => {
  const ends = (number) => {
    if (number.dataset.slider !== "values") return number.dataset.slider.split(" ").map(Number);
    const shown = number.closest("fieldset")?.querySelector("[data-low]");
    return shown ? [Number(shown.dataset.low), Number(shown.dataset.high)] : null;
  };

  const draw = (number) => {
    const between = ends(number);
    let slider = number.parentElement.querySelector("input[type=range]");
    if (!between || between[0] >= between[1]) {
      slider?.remove();
      return;
    }
    if (!slider) {
      slider = document.createElement("input");
      slider.type = "range";
      slider.setAttribute("aria-label", `${document.querySelector(`label[for="${number.id}"]`).firstChild.textContent.trim()}, slider`);
      slider.addEventListener("input", () => {
        number.value = slider.value;
        number.dispatchEvent(new Event("input", { bubbles: true }));
      });
      number.addEventListener("input", () => {
        if (document.activeElement !== slider) slider.value = number.value;
      });
      number.after(slider);
    }
    const [low, high] = between;
    // Two hundred stops, at a round number each.
    slider.step = 10 ** Math.floor(Math.log10((high - low) / 100));
    slider.min = Math.floor(low / slider.step) * slider.step;
    slider.max = Math.ceil(high / slider.step) * slider.step;
    slider.classList.toggle("slider-unset", number.value === "");
    if (document.activeElement !== slider) slider.value = number.value === "" ? slider.min : number.value;
  };

  const drawAll = () => document.querySelectorAll("input[data-slider]").forEach(draw);

  document.addEventListener("htmx:afterSettle", drawAll);
  drawAll();
})();
