// What the model bets on after each token, and what really follows.

const LONGEST_CONTEXT = 36; // characters

function percent(probability) {
  return probability >= 0.9995 ? "> 99.9 %" : probability >= 0.0005 ? `${(100 * probability).toFixed(1)} %` : "< 0.1 %";
}

function candidateRow(rank, piece, probability, isActual) {
  const bar = make("span", { class: "bar" });
  bar.style.width = `${100 * probability}%`;
  const row = make("tr", isActual ? { class: "actual" } : {});
  row.append(
    make("td", {}, count(rank)),
    make("td", {}, make("code", {}, visible(piece))),
    make("td", { class: "number" }, percent(probability)),
    make("td", { class: "bars" }, bar),
  );
  row.title = `probability ${probability.toPrecision(4)}`;
  return row;
}

function showCandidates(position) {
  const follower = data.pieces[position + 1];
  const [rank, logProbability] = data.actual[position] ?? [];
  const candidates = data.next_tokens[position];
  const rows = candidates.map(([piece, p], i) => candidateRow(i + 1, piece, p, i + 1 === rank));
  if (rank > candidates.length) rows.push(candidateRow(rank, follower, Math.exp(logProbability), true));
  byId("candidates").tBodies[0].replaceChildren(...rows);

  const read = [...visible(data.pieces.slice(0, position + 1).join(""))];
  const shown = read.length > LONGEST_CONTEXT ? ["…", ...read.slice(-LONGEST_CONTEXT)] : read;
  byId("context").replaceChildren("Having read ", make("code", {}, shown.join("")), ", it expects:");
  byId("follower").textContent = rank
    ? `What follows is ${quoted(follower)}: rank ${count(rank)}, log-probability ${fixed(logProbability, 3)}`
    : "The line ends here: there is no next token to compare with.";
}

function showNextTokens() {
  const chance = Math.log(data.vocabulary);
  const judged = data.actual.slice(0, -1);
  const buttons = lineOfButtons(byId("surprise"), (piece, position) => {
    const own = position > 0 ? `, log-probability ${fixed(data.actual[position - 1][1], 3)}` : "";
    return `token ${position} ${quoted(piece)}${own}`;
  });
  buttons.forEach((button, position) => {
    if (position === 0) return;
    const surprise = -data.actual[position - 1][1] / chance;
    button.style.setProperty("--surprise", Math.min(surprise, 1).toFixed(3));
  });
  if (judged.length) {
    const mean = -judged.reduce((sum, [, logProbability]) => sum + logProbability, 0) / judged.length;
    const first = judged.filter(([rank]) => rank === 1).length;
    byId("line-summary").textContent = `Of ${judged.length} tokens it put ${first} first.
      Mean loss on this line: ${mean.toFixed(2)} nats per token.`;
  }
  whenPositionShown(showCandidates);
}
