// The line of text, shown as buttons wherever a token can be chosen, and the attention over it.

const [layers, heads, tokens] = data.attention.shape;
const weights = unpack(data.attention.lower_triangles);
const triangle = (tokens * (tokens + 1)) / 2;

function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** How much the query looks at the key: 0 for a key after the query, which isn't stored. */
function weight(layer, head, query, key) {
  return key > query ? 0 : weights[(layer * heads + head) * triangle + (query * (query + 1)) / 2 + key];
}

/** The key that the query looks at most. */
function strongest(layer, head, query) {
  const row = Array.from({ length: query + 1 }, (_, key) => weight(layer, head, query, key));
  return row.indexOf(Math.max(...row));
}

// Pointing at a token shows it; clicking it keeps it shown.
const chosen = { position: Math.max(0, tokens - 2), layer: 0, head: 0 };
const followers = [];

function whenPositionShown(follower) {
  followers.push(follower);
}

function showPosition(position) {
  followers.forEach((follower) => follower(position));
}

function keepPosition(position) {
  chosen.position = position;
  showPosition(position);
}

function lineOfButtons(container, describe) {
  const buttons = data.pieces.map((piece, position) => {
    const button = make("button", { type: "button", "aria-label": describe(piece, position) }, visible(piece));
    button.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && showPosition(position));
    button.addEventListener("focus", () => keepPosition(position));
    button.addEventListener("click", () => keepPosition(position));
    return button;
  });
  container.append(...buttons);
  container.addEventListener("pointerleave", () => showPosition(chosen.position));
  rove(buttons);
  whenPositionShown((position) => press(buttons, position));
  return buttons;
}
