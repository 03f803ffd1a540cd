// What axe finds in the page as it stands, without looking at the same text twice.
//
// Contrast is most of what axe costs. It follows from how a text and all that lies behind it are drawn, so a
// text drawn like one that passed in this tab, on whatever page, is not looked at again. Only what axe itself
// passed counts, so a text that it skips (disabled, hidden, obscured) vouches for none.
window.axeViolations = async (what) => {
  const options = { selectors: false, elementRef: true, resultTypes: ["violations"] };
  const found = what === "every rule"
    ? (await axe.run({ ...options, rules: { "color-contrast": { enabled: false } } })).violations
    : [];
  const passed = new Set(JSON.parse(sessionStorage.getItem("axe-passed") ?? "[]"));
  const drawnAs = drawings();
  const texts = [...document.body.querySelectorAll("*")].filter(hasText);
  const unknown = texts.filter((element) => !passed.has(drawnAs(element)));
  if (unknown.length) {
    const looked = await axe.run(
      { include: unknown },
      { ...options, runOnly: ["color-contrast"], resultTypes: ["violations", "passes"] },
    );
    found.push(...looked.violations);
    const nodes = looked.passes.flatMap((rule) => rule.nodes);
    nodes.map((node) => drawnAs(node.element)).filter(Boolean).forEach((drawing) => passed.add(drawing));
    sessionStorage.setItem("axe-passed", JSON.stringify([...passed]));
  }
  return found.map((rule) => [rule.id, rule.nodes[0].html.slice(0, 160)]);
};

function hasText(element) {
  const nodes = [...element.childNodes];
  return (
    element.matches("input, select, textarea") ||
    nodes.some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())
  );
}

// A function of an element: its text and every layer behind it, as one string; null where something may lie
// behind it, or over it, that is none of its ancestors.
function drawings() {
  const layers = new Map([[null, document.querySelector(":modal") ? null : ""]]);
  const layersOf = (element) => {
    if (!layers.has(element)) {
      const behind = layersOf(element.parentElement);
      layers.set(element, behind === null ? null : layer(getComputedStyle(element), behind));
    }
    return layers.get(element);
  };
  return (element) => {
    const style = getComputedStyle(element);
    const behind = layersOf(element);
    const text = [
      style.color, style.webkitTextFillColor, style.webkitTextStroke, style.textShadow,
      style.fontSize, style.fontWeight,
    ];
    return behind === null ? null : [...text, behind].join("|");
  };
}

function layer(style, behind) {
  const moved = !["static", "relative"].includes(style.position) || style.transform !== "none";
  if (moved || style.float !== "none") return null;
  const own = [
    style.backgroundColor, style.backgroundImage, style.opacity, style.filter, style.mixBlendMode,
  ].join(" ");
  return own === "rgba(0, 0, 0, 0) none 1 none normal" ? behind : `${own} / ${behind}`;
}
