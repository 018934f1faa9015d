// What a person would measure with a ruler on the page as it is now. Returns sentences.
const found = [];
const root = document.documentElement;
const name = (element) => element.outerHTML.slice(0, 120).replaceAll("\n", " ");
const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getBoundingClientRect().left >= 0
  && !element.closest(".unseen");

if (root.scrollWidth > window.innerWidth) {
  const wide = [...document.querySelectorAll("main *, header *")].filter((element) =>
    element.getBoundingClientRect().right > window.innerWidth + 1 && !element.closest(".wide"));
  found.push(`${root.scrollWidth} px wide in a window of ${window.innerWidth}: ${wide.slice(0, 2).map(name).join(" and ")}`);
}
const entries = [...document.querySelectorAll(".menu li")].map((entry) => entry.getBoundingClientRect().top);
if (window.innerWidth >= 1280 && new Set(entries).size > 1) found.push("the menu has more than one line");
for (const table of document.querySelectorAll(".wide")) {
  if (window.innerWidth >= 1280 && table.scrollWidth > table.clientWidth) found.push(`a table does not fit: ${name(table)}`);
}
if (document.querySelectorAll("h1").length !== 1) found.push("not one heading of the first level");
if (!document.title.trim()) found.push("no title");

// A link within a sentence is as high as its line (WCAG 2.5.8, inline); a box is as large as its label.
const target = (element) => {
  const label = ["checkbox", "radio"].includes(element.type) && element.labels[0];
  return (label || element).getBoundingClientRect();
};
const inSentence = (element) => getComputedStyle(element).display === "inline"
  && element.parentElement.textContent.trim() !== element.textContent.trim();
for (const element of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
  if (!seen(element) || inSentence(element)) continue;
  const { width, height } = target(element);
  if (height < 43.5 || width < 43.5) found.push(`a target of ${Math.round(width)} × ${Math.round(height)} px: ${name(element)}`);
}

const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const small = new Set();
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (texts.currentNode.textContent.trim() && seen(element) && parseFloat(getComputedStyle(element).fontSize) < 14) small.add(element);
}
for (const element of small) found.push(`text smaller than 14 px: ${name(element)}`);
return found;
