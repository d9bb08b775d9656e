// The attention of every head as a small image; choosing one enlarges it.

/** Draws a head, one pixel a pair of tokens; pairs that look into the future stay transparent. */
function drawHead(canvas, layer, head) {
  canvas.width = canvas.height = tokens;
  const image = new ImageData(tokens, tokens);
  for (let query = 0; query < tokens; query++) {
    for (let key = 0; key <= query; key++) {
      image.data.set([...heat(weight(layer, head, query, key)), 255], 4 * (query * tokens + key));
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function headName(layer, head) {
  return `layer ${layer}, head ${head}`;
}

/** Calls `choose(layer, head)` for a click. Returns the buttons, layer by layer, and a function that draws them all. */
function makeHeads(choose) {
  const grid = byId("heads");
  const pairs = Array.from({ length: layers * heads }, (_, i) => [Math.floor(i / heads), i % heads]);
  const buttons = pairs.map(([layer, head]) => {
    const name = headName(layer, head);
    const button = make("button", { type: "button", "aria-label": `enlarge ${name}`, title: name }, make("canvas"));
    button.addEventListener("click", () => choose(layer, head));
    return button;
  });
  grid.closest(".attention").style.setProperty("--heads", heads);
  grid.append(make("span"), ...Array.from({ length: heads }, (_, head) => make("span", {}, `${head}`)));
  for (let layer = 0; layer < layers; layer++) {
    grid.append(make("span", {}, `${layer}`), ...buttons.slice(layer * heads, (layer + 1) * heads));
  }
  rove(buttons, heads);
  const drawAll = () => pairs.forEach(([layer, head], i) => drawHead(buttons[i].firstChild, layer, head));
  return { buttons, drawAll };
}
