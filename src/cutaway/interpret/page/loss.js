// The loss curve, drawn anew at every width so that its letters keep their size.

const HEIGHT = 300;
const MARGIN = { top: 14, right: 26, bottom: 42, left: 52 };

/** About `most` round numbers that cover the range. */
function ticks(low, high, most) {
  const rough = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const first = Math.ceil(low / step - 1e-9);
  const length = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length }, (_, i) => +((first + i) * step).toPrecision(12));
}

function lossScales(width) {
  const points = [...data.training, ...data.validation];
  const steps = points.map(([step]) => step);
  const losses = [...points.map(([, loss]) => loss), Math.log(data.vocabulary)];
  const [first, last] = [Math.min(...steps), Math.max(...steps)];
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  const room = 0.06 * (most - least || 1);
  const bottom = Math.max(0, least - room);
  const top = most + room;
  const x = (step) => MARGIN.left + ((step - first) / (last - first || 1)) * (width - MARGIN.left - MARGIN.right);
  const y = (loss) => MARGIN.top + ((top - loss) / (top - bottom)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  return { x, y, first, last, bottom, top };
}

function lossAxes({ x, y, first, last, bottom, top }, width) {
  const right = width - MARGIN.right;
  const floor = HEIGHT - MARGIN.bottom;
  const rows = ticks(bottom, top, 5).flatMap((loss) => [
    draw("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(loss), y2: y(loss) }),
    draw("text", { x: MARGIN.left - 8, y: y(loss) + 4, "text-anchor": "end" }, `${loss}`),
  ]);
  const columns = ticks(first, last, width < 500 ? 4 : 8).flatMap((step) => [
    draw("line", { class: "tick", x1: x(step), x2: x(step), y1: floor, y2: floor + 5 }),
    draw("text", { x: x(step), y: floor + 19, "text-anchor": "middle" }, count(step)),
  ]);
  const turned = `translate(13 ${(MARGIN.top + floor) / 2}) rotate(-90)`;
  return [
    ...rows,
    ...columns,
    draw("line", { class: "tick", x1: MARGIN.left, x2: right, y1: floor, y2: floor }),
    draw("text", { x: (MARGIN.left + right) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, "training step"),
    draw("text", { transform: turned, "text-anchor": "middle" }, "loss (nats per token)"),
  ];
}

function chanceLine({ y }, width) {
  const chance = Math.log(data.vocabulary);
  const right = width - MARGIN.right;
  const label = `a model that knows nothing: ${chanceLevel()}`;
  return [
    draw("line", { class: "chance", x1: MARGIN.left, x2: right, y1: y(chance), y2: y(chance) }),
    draw("text", { class: "chance", x: right - 8, y: y(chance) + 17, "text-anchor": "end" }, label),
  ];
}

function drawLoss() {
  const svg = byId("loss");
  const width = svg.clientWidth;
  const scales = lossScales(width);
  const dot = ([step, loss]) => draw("circle", { cx: scales.x(step), cy: scales.y(loss), r: 3.5 });
  const path = (curve) => curve.map(([step, loss]) => `${scales.x(step)},${scales.y(loss)}`).join(" ");
  const cursor = draw("line", { class: "cursor", y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom });
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.replaceChildren(
    ...lossAxes(scales, width),
    ...chanceLine(scales, width),
    draw("polyline", { class: "train", points: path(data.training) }),
    draw("polyline", { class: "validation", points: path(data.validation) }),
    ...data.validation.map(dot),
    cursor,
  );
  return { x: scales.x, cursor };
}

/** The last point at or before a step. */
function upTo(curve, step) {
  return curve.findLast(([at]) => at <= step);
}

function lossAt(step) {
  const train = upTo(data.training, step);
  const validation = upTo(data.validation, step);
  const values = [];
  if (train) values.push(`training ${train[1].toFixed(3)}`);
  if (validation) {
    const earlier = validation[0] < step ? ` (step ${count(validation[0])})` : "";
    values.push(`validation ${validation[1].toFixed(3)}${earlier}`);
  }
  return `step ${count(step)}: ${values.join(", ")}`;
}

function showLoss() {
  const steps = [...new Set([...data.training, ...data.validation].map(([step]) => step))].sort((a, b) => a - b);
  byId("learning").hidden = steps.length === 0;
  if (!steps.length) return;
  const svg = byId("loss");
  let drawn;
  let shown = steps.length - 1;
  const show = (index) => {
    shown = Math.min(Math.max(index, 0), steps.length - 1);
    const at = drawn.x(steps[shown]);
    drawn.cursor.setAttribute("x1", at);
    drawn.cursor.setAttribute("x2", at);
    byId("loss-values").textContent = lossAt(steps[shown]);
  };
  const point = (event) => {
    const at = event.clientX - svg.getBoundingClientRect().left;
    const distances = steps.map((step) => Math.abs(drawn.x(step) - at));
    show(distances.indexOf(Math.min(...distances)));
  };
  svg.setAttribute("aria-label", "training and validation loss by step; the arrow keys move along it");
  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move) return;
    event.preventDefault();
    show(shown + move);
  });
  const mean = data.training_mean_of;
  byId("loss-caption").textContent = mean > 1 ? `Each training point is the mean of ${mean} recorded steps.` : "";
  new ResizeObserver(() => {
    drawn = drawLoss();
    show(shown);
  }).observe(svg);
}
