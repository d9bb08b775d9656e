// Which earlier tokens each head of the chosen layer looks at, from one token.

function distance(back) {
  return back === 0 ? "itself" : back === 1 ? "1 token back" : `${back} tokens back`;
}

function lookRow(head) {
  const cells = data.pieces.map((piece) => make("span", {}, visible(piece)));
  const summary = make("span", { class: "note" });
  const name = make("div", { class: "moment" }, make("strong", {}, `head ${head}`), summary);
  const row = make("li", {}, name, make("div", { class: "tokens" }, ...cells));
  const show = (position) => {
    cells.forEach((cell, key) => {
      const isPast = key <= position;
      const value = weight(chosen.layer, head, position, key);
      cell.className = key === position ? "asking" : isPast ? "" : "future";
      cell.title = isPast ? `looks at ${quoted(data.pieces[key])}: ${value.toFixed(3)}` : "";
      if (isPast) paint(cell, value);
      else cell.removeAttribute("style");
    });
    const key = strongest(chosen.layer, head, position);
    const most = weight(chosen.layer, head, position, key).toFixed(3);
    summary.textContent = `looks most at ${quoted(data.pieces[key])}, ${distance(position - key)}: ${most}`;
  };
  return { row, show };
}

/** Calls `choose(layer)` for a click on a layer. Returns a function that shows the chosen layer. */
function makeLooks(choose) {
  const buttons = Array.from({ length: layers }, (_, layer) => {
    const button = make("button", { type: "button" }, `layer ${layer}`);
    button.addEventListener("click", () => choose(layer));
    return button;
  });
  const rows = Array.from({ length: heads }, (_, head) => lookRow(head));
  const show = (position) => rows.forEach((row) => row.show(position));
  byId("layers").append(...buttons);
  byId("looks").append(...rows.map(({ row }) => row));
  rove(buttons);
  lineOfButtons(byId("asking"), (piece, position) => `token ${position} ${quoted(piece)}`);
  whenPositionShown(show);
  return () => {
    press(buttons, chosen.layer);
    show(chosen.position);
  };
}
