// Puts the parts together.

function chooseHead(layer, head) {
  Object.assign(chosen, { layer, head });
  press(grid.buttons, layer * heads + head);
  showMap();
  showLooks();
}

showOverview();
showSamples();
showLoss();
showNextTokens();
const grid = makeHeads((layer, head) => {
  chooseHead(layer, head);
  byId("enlarged").scrollIntoView({ block: "nearest" });
});
const showMap = makeMap();
const showLooks = makeLooks((layer) => chooseHead(layer, chosen.head));

function drawAll() {
  drawScale();
  grid.drawAll();
  chooseHead(chosen.layer, chosen.head);
  showPosition(chosen.position);
}

dark.addEventListener("change", drawAll);
drawAll();
