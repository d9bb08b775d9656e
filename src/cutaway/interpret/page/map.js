// One head enlarged, with the tokens on both axes.

const LONGEST_LABEL = 8; // characters

function label(position) {
  const letters = [...visible(data.pieces[position])];
  return letters.length > LONGEST_LABEL ? `${letters.slice(0, LONGEST_LABEL - 1).join("")}…` : letters.join("");
}

/** Sizes in CSS pixels for the room there is. A cell is never too small to point at; a long line scrolls. */
function mapSizes(room) {
  const letters = Math.max(...data.pieces.map((_, i) => label(i).length));
  const margin = 12 + 8 * letters;
  const cell = Math.min(Math.max(Math.floor((room - margin) / tokens), 9), 36);
  return { margin, cell, side: margin + cell * tokens };
}

function drawMap(canvas, sizes, image, shown) {
  const { margin, cell, side } = sizes;
  const density = window.devicePixelRatio || 1;
  canvas.width = canvas.height = side * density;
  canvas.style.width = canvas.style.height = `${side}px`;
  const brush = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  brush.scale(density, density);
  brush.imageSmoothingEnabled = false;
  brush.drawImage(image, margin, margin, cell * tokens, cell * tokens);
  for (let i = 0; i < tokens; i++) {
    drawLabel(brush, style, label(i), [margin - 6, margin + (i + 0.5) * cell], { cell, strong: i === shown.query });
    const above = [margin + (i + 0.5) * cell, margin - 4];
    drawLabel(brush, style, label(i), above, { cell, strong: i === shown.key, upright: true });
  }
  if (cell * tokens > 300) {
    brush.textAlign = "center";
    brush.font = `13px ${style.getPropertyValue("--sans")}`;
    brush.fillStyle = style.getPropertyValue("--soft");
    brush.fillText("the future", margin + 0.72 * cell * tokens, margin + 0.25 * cell * tokens);
  }
  brush.strokeStyle = style.getPropertyValue("--mark");
  brush.lineWidth = 2;
  brush.strokeRect(margin + shown.key * cell, margin + shown.query * cell, cell, cell);
}

/** Writes a token beside its row or, turned if it is long, above its column. */
function drawLabel(brush, style, text, [x, y], { cell, strong, upright = false }) {
  brush.save();
  brush.translate(x, y);
  const single = upright && [...text].length === 1;
  if (upright && !single) brush.rotate(-Math.PI / 2);
  brush.textBaseline = single ? "bottom" : "middle";
  brush.textAlign = single ? "center" : upright ? "left" : "right";
  brush.font = `${strong ? "bold " : ""}${Math.min(Math.max(cell - 1, 9), 13)}px ${style.fontFamily}`;
  brush.fillStyle = strong ? style.getPropertyValue("--mark") : style.color;
  brush.fillText(text, 0, 0);
  brush.restore();
}

/** Returns a function that draws the chosen head. */
function makeMap() {
  const canvas = byId("map");
  const image = document.createElement("canvas");
  const shown = { query: chosen.position, key: strongest(0, 0, chosen.position) };
  let sizes;
  const redraw = () => {
    const { layer, head } = chosen;
    sizes = mapSizes(canvas.parentElement.clientWidth);
    drawMap(canvas, sizes, image, shown);
    const value = weight(layer, head, shown.query, shown.key).toFixed(3);
    const [query, key] = [shown.query, shown.key].map((position) => visible(data.pieces[position]));
    const isFuture = shown.key > shown.query;
    byId("map-value").textContent = isFuture
      ? `query '${query}' may not look at key '${key}': it comes later`
      : `query “${query}” looks at key “${key}”: ${value}`;
  };
  const move = (query, key) => {
    const inside = (position) => Math.min(Math.max(position, 0), tokens - 1);
    Object.assign(shown, { query: inside(query), key: inside(key) });
    redraw();
  };
  const cellAt = (event) => {
    const corner = canvas.getBoundingClientRect();
    const index = (at) => Math.floor((at - sizes.margin) / sizes.cell);
    return [index(event.clientY - corner.top), index(event.clientX - corner.left)];
  };
  canvas.addEventListener("pointermove", (event) => move(...cellAt(event)));
  canvas.addEventListener("click", (event) => {
    move(...cellAt(event));
    keepPosition(shown.query);
  });
  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (!(event.key in moves)) return;
    event.preventDefault();
    const [down, right] = moves[event.key];
    move(shown.query + down, shown.key + right);
  });
  new ResizeObserver(redraw).observe(canvas.parentElement);
  return () => {
    const { layer, head } = chosen;
    drawHead(image, layer, head);
    byId("map-title").textContent = `Layer ${layer}, head ${head}`;
    byId("map-name").textContent = `decoder.${layer}.self_attention.pattern[0, ${head}]`;
    canvas.setAttribute("aria-label", `attention of ${headName(layer, head)}; the arrow keys move over it`);
    redraw();
  };
}
