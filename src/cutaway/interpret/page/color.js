// One colour scale for all attention: a single hue by lightness, so it reads without colour vision and in grey print.

const dark = matchMedia("(prefers-color-scheme: dark)");
const SCALE = {
  light: [[236, 241, 246], [96, 158, 208], [6, 39, 89]],
  dark: [[34, 40, 47], [40, 122, 181], [226, 242, 255]],
};

/** Red, green and blue for a weight from 0 to 1. The square root keeps small weights apart. */
function heat(weight) {
  const stops = SCALE[dark.matches ? "dark" : "light"];
  const place = 2 * Math.sqrt(Math.min(Math.max(weight, 0), 1));
  const [from, to] = place < 1 ? [stops[0], stops[1]] : [stops[1], stops[2]];
  const share = place < 1 ? place : place - 1;
  return from.map((value, i) => Math.round(value + (to[i] - value) * share));
}

function paint(element, weight) {
  const [r, g, b] = heat(weight);
  element.style.backgroundColor = `rgb(${r} ${g} ${b})`;
  element.style.color = 0.3 * r + 0.59 * g + 0.11 * b > 140 ? "#14181d" : "#ffffff";
}

function drawScale() {
  const canvas = byId("scale").getContext("2d");
  for (let x = 0; x < 256; x++) {
    canvas.fillStyle = `rgb(${heat(x / 255)})`;
    canvas.fillRect(x, 0, 1, 1);
  }
}
