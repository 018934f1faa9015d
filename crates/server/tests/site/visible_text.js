// What somebody reads on the page, a line for each block or row of a table, with what stands in its fields: independent
// of fonts, widths and the browser's version.
const BOXES = ["checkbox", "radio"];
const lines = [];
let last = null;
const say = (element, text) => {
  let block = element;
  while (["inline", "inline-block", "inline-flex", "contents"].includes(getComputedStyle(block).display)) block = block.parentElement;
  block = block.closest("tr") ?? block;
  const words = text.replace(/\s+/g, " ");
  if (block === last) lines.push(lines.pop() + (element.closest("td, th") ? " " : "") + words);
  else if (words.trim()) lines.push(words);
  else return;
  last = block;
};
const field = (element) => {
  if (element.localName === "select") return `[${[...element.selectedOptions].map((option) => option.text).join(", ")}]`;
  if (BOXES.includes(element.type)) return element.checked ? "[x]" : "[ ]";
  return `[${element.value}]`;
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode;
  const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
  if (element.closest("noscript, option, textarea > *") || !element.checkVisibility({ visibilityProperty: true })) continue;
  if (node.nodeType === Node.TEXT_NODE) {
    if (element.localName !== "textarea") say(element, node.textContent);
  } else if (element.matches("input:not([type=hidden]), select, textarea")) {
    say(element, ` ${field(element)} `);
  }
}
return [document.title, ...lines.map((line) => line.replace(/\s+/g, " ").trim()).filter((line) => line)].join("\n") + "\n";
