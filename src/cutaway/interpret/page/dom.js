// Small helpers over the document. Text only ever enters it as text, never as markup.

const data = JSON.parse(document.getElementById("data").textContent);
const SVG = document.querySelector("svg").namespaceURI;

function byId(id) {
  return document.getElementById(id);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Text with its white space and control characters shown. */
function visible(text) {
  const named = { " ": "␣", "\n": "↵", "\t": "⇥" };
  const escaped = (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return text.replace(/[\u0000-\u0020\u007f]/g, (character) => named[character] ?? escaped(character));
}

function quoted(text) {
  return `“${visible(text)}”`;
}

function count(number) {
  return number.toLocaleString("en");
}

/** A number with so many decimals and a true minus sign. */
function fixed(number, decimals) {
  return number.toFixed(decimals).replace("-", "−");
}

/** Lets the Tab key stop at one of the buttons only. */
function stopAt(buttons, index) {
  buttons.forEach((button, i) => (button.tabIndex = i === index ? 0 : -1));
}

/** Lets the arrow keys move among buttons, `columns` a row. */
function rove(buttons, columns = buttons.length) {
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  buttons.forEach((button, index) => {
    button.addEventListener("focus", () => stopAt(buttons, index));
    button.addEventListener("keydown", (event) => {
      const ends = { Home: 0, End: buttons.length - 1 };
      const target = buttons[ends[event.key] ?? index + (moves[event.key] ?? NaN)];
      if (!target) return;
      event.preventDefault();
      target.focus();
    });
  });
}

/** Marks one of the buttons as chosen. */
function press(buttons, index) {
  stopAt(buttons, index);
  buttons.forEach((button, i) => button.setAttribute("aria-pressed", i === index));
}
