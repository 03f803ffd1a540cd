// The order so far as a list: one line for each rank, a chip for each response.
"use strict";

window.tiebreak = window.tiebreak ?? {};

// `rank` is null for a response that waits for one.
window.tiebreak.rankChip = (number, rank, tied) => {
  const chip = document.createElement("li");
  const name = document.createElement("span");
  const tie = tied ? `Part response ${number} from its tie` : `Tie response ${number} with the one above`;
  const ranked = [
    ["up", "▲", `Move response ${number} up`],
    ["down", "▼", `Move response ${number} down`],
    ["tie", "=", tie],
  ];
  const acts = rank ? ranked : [["down", "▲", `Rank response ${number} next`]];
  Object.assign(chip, { className: "rank-chip", draggable: true });
  chip.dataset.chip = number;
  name.textContent = `Response ${number}`;
  chip.append(name);
  for (const [act, sign, label] of acts) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "btn rank-act", textContent: sign, title: label });
    button.setAttribute("aria-label", label);
    button.dataset.act = act;
    chip.append(button);
  }
  return chip;
};

window.tiebreak.rankItems = (groups) => {
  let rank = 1;
  return groups.map((group) => {
    const tied = group.length > 1;
    const item = document.createElement("li");
    const place = document.createElement("span");
    const chips = document.createElement("ul");
    item.className = "rank-group";
    place.className = "rank-place";
    place.textContent = tied ? `${rank} =` : String(rank);
    chips.className = "rank-chips";
    chips.append(...group.map((number) => window.tiebreak.rankChip(number, rank, tied)));
    item.append(place, chips);
    rank += group.length;
    return item;
  });
};
