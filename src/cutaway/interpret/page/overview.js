// The head of the page and the samples.

/** Such as "ln 65 = 4.17", which no line break tears apart. */
function chanceLevel() {
  return `ln\u00a0${count(data.vocabulary)}\u00a0=\u00a0${Math.log(data.vocabulary).toFixed(2)}`;
}

function showOverview() {
  const [curve, name] = data.validation.length ? [data.validation, "validation"] : [data.training, "training"];
  const sentences = [
    `A model that knows nothing and gives all ${count(data.vocabulary)} tokens the same chance has a loss of
     ${chanceLevel()} nats per token.`,
  ];
  if (curve.length) {
    const [step, loss] = curve.reduce((best, point) => (point[1] < best[1] ? point : best));
    sentences.push(
      `The lowest ${name} loss of this one was ${loss.toFixed(3)}, at step ${count(step)}: on average it was as unsure
       as if it had to guess among ${Math.exp(loss).toFixed(1)} equally likely tokens.`,
    );
  }
  byId("verdict").textContent = sentences.join(" ");
  const facts = data.facts.map(([fact, value]) => make("div", {}, make("dt", {}, fact), make("dd", {}, value)));
  byId("facts").append(...facts);
}

function showSamples() {
  byId("writing").hidden = data.samples.length === 0;
  const losses = new Map(data.validation);
  byId("samples").append(
    ...data.samples.map(([step, text]) => {
      const loss = losses.has(step) ? [make("span", {}, `validation loss ${losses.get(step).toFixed(2)}`)] : [];
      const moment = make("div", { class: "moment" }, make("strong", {}, `step ${count(step)}`), ...loss);
      return make("li", {}, moment, make("pre", {}, text));
    }),
  );
}
